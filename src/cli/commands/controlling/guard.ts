import { z } from 'zod';
import { GUARD_READY } from '../../../host/guard/create-guards.ts';
import { reportReady } from '../../../host/guard/report-ready.ts';
import { findRun } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { prepareGuard } from '../../guard/prepare-guard.ts';
import { watchRun } from '../../guard/watch-run.ts';
import { signalExitCode } from '../../output/errors/exit-code.ts';

const options = z.object({ run: z.string(), workflow: z.string().optional(), json: z.boolean().default(false) });

/** `wf guard RUN`: undoes a run that nobody confirms in time, if the process that advances it is gone. wf starts the guard itself. */
export const guard = defineCommand(options, async ({ run: reference, workflow }, services, terminal) => {
  const { run } = findRun(await services.historyForReading(), reference, services.places.database);
  const prepared = await prepareGuard(run, workflow, services);
  terminal.out.write(`${GUARD_READY}\n`);
  await reportReady(process.env);
  const signal = await watchRun(prepared, services, terminal);
  return signal === undefined ? 0 : signalExitCode(signal);
});
