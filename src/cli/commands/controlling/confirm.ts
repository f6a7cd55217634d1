import { z } from 'zod';
import { confirmStamp } from '../../../host/guard/confirm-stamp.ts';
import { ageOption } from '../../arguments/moment.ts';
import { defineCommand } from '../../define-command.ts';
import { control } from './control.ts';
import { controlOptions } from './control-options.ts';

const options = controlOptions.extend({ extend: z.string().optional() });

/** `wf confirm RUN`: keeps the changes of an unconfirmed run; with --extend, moves its deadline. */
export const confirm = defineCommand(options, ({ extend, ...given }, services, terminal) => {
  const extendMs = extend === undefined ? null : ageOption('--extend', extend);
  return control(given, { kind: 'confirm', extendMs, stamp: confirmStamp() }, services, terminal);
});
