import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { typedIn } from '../net/place.ts';
import { commandFields, resultSchema, STEP_TIMEOUT_MS } from './command-input.ts';
import { requireExitCode, runToEnd } from './run-command.ts';

/** Runs a command that changes nothing: it has no ledger entry and runs again whenever its step does. */
export const execRead = defineStep({
  kind: 'exec.read',
  description: 'Runs a command that only reads.',
  input: z.object(commandFields),
  output: resultSchema,
  timeoutMs: STEP_TIMEOUT_MS,
  runsAnyCommand: true,
  commands: ({ argv, in: where }) => [typedIn(where, argv)],
  rehearse: ({ expectExitCodes }) => ({ exitCode: expectExitCodes[0] ?? 0, stdout: '', stderr: '', truncated: false }),
  read: async (input, context) => requireExitCode(input.argv, await runToEnd(input, context), input.expectExitCodes),
});
