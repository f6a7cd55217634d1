import { z } from 'zod';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { contentsForUndo, contentsOf, FILES_EXIST } from './command-files.ts';
import { commandFields, retryField, retryPolicyOf, STEP_TIMEOUT_MS, undoFields } from './command-input.ts';
import { folderOf, typedIn } from './run-command.ts';
import { applyCommand, commandOutput, commandRecord, observeCommand, undoOfCommand } from './undoable-command.ts';

/** Runs an arbitrary command that changes the host. */
export const execCommand = defineStep({
  kind: 'exec.command',
  description: 'Runs a command that changes the host, and undoes it with another command.',
  input: z.object({ ...commandFields, retry: retryField, ...undoFields }).refine(...FILES_EXIST),
  output: commandOutput,
  record: commandRecord,
  timeoutMs: STEP_TIMEOUT_MS,
  runsAnyCommand: true,
  // A command may change anything: `alters` is omitted, and a reboot may not undo it.
  survivesReboot: true,
  retryOf: retryPolicyOf,
  commands: (asked) => [typedIn(asked)],
  rehearse: ({ expectExitCodes }) => ({ exitCode: expectExitCodes[0] ?? 0, stdout: '', stderr: '', truncated: false }),
  observe: (asked, context, earlier) =>
    observeCommand({ ...asked, cwd: folderOf(asked.cwd, context), files: contentsForUndo(asked) }, context, earlier),
  apply: (asked, intended, _found, context) =>
    applyCommand({ ...asked, files: contentsOf(asked.files) }, intended, context),
  ...undoOfCommand,
});
