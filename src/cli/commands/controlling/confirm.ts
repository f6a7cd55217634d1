import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import { confirmStamp } from '../../../host/guard/confirm-stamp.ts';
import { ageOption } from '../../../review/query/moment.ts';
import { findRun } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { control } from './control.ts';
import { controlOptions } from './control-options.ts';

const options = controlOptions.extend({ extend: z.string().optional() });

/** `wf confirm RUN`: keeps the changes of an unconfirmed run; with --extend, moves its deadline. */
export const confirm = defineCommand(options, async ({ extend, ...given }, services, terminal) => {
  const { run } = findRun(await services.historyForReading(), given.run, services.places.database);
  if (run.id !== given.run) throw notWholeId(given.run, run.id);
  const extendMs = extend === undefined ? null : ageOption('--extend', extend);
  return control(given, { kind: 'confirm', extendMs, stamp: confirmStamp() }, services, terminal);
});

/** An id prefix, or `@latest`, may name another run by now. */
function notWholeId(given: string, id: string): WfError {
  return new WfError('E_USAGE', `${given}: a run is confirmed by its whole id`, {
    hint: `If you mean run ${id}, confirm it with \`wf confirm ${id}\`.`,
  });
}
