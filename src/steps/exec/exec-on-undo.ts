import { z } from 'zod';
import { commandLine } from '../../engine/model/evidence.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import { placeHandleSchema } from '../place-handle.ts';
import { contentsOf, FILES_EXIST, fileContentsSchema } from './command-files.ts';
import { argvSchema, commandFields, STEP_TIMEOUT_MS } from './command-input.ts';
import { folderOf, requireExitCode, runToEnd, typedIn, typedInFolder } from './run-command.ts';

const record = z.object({
  title: z.string().nullable(),
  argv: argvSchema,
  /** Absolute working directory. */
  cwd: z.string(),
  in: placeHandleSchema.nullable(),
  env: z.record(z.string(), z.string()),
  stdin: z.string().nullable(),
  files: fileContentsSchema.default({}),
  expectExitCodes: z.array(z.number()),
  timeoutMs: z.number(),
});

/**
 * Runs a command only when the step is undone. The ledger is undone newest first: the command runs once all changes after this step are
 * undone.
 */
export const execOnUndo = defineStep({
  kind: 'exec.on-undo',
  description: 'Runs a command when the step is undone, after all later changes are; until then, nothing.',
  input: z
    .object({
      ...commandFields,
      argv: argvSchema.describe(
        'program and arguments; no shell. It may run twice, or after changes that were never made',
      ),
    })
    .refine(...FILES_EXIST),
  output: z.object({}),
  record,
  timeoutMs: STEP_TIMEOUT_MS,
  runsAnyCommand: true,
  survivesReboot: true,
  commands: () => [],
  rehearse: () => ({}),
  rehearseUndo: (asked) => [typedIn(asked)],
  async observe({ title, argv, cwd, in: where, env, stdin, files, expectExitCodes, timeoutMs }, context, earlier) {
    const target = title ?? `command on undo ${commandLine(argv)}`;
    if (earlier !== undefined) return { found: 'ours', target, record: earlier, output: {} };
    const folder = folderOf(cwd, context);
    const contents = contentsOf(files);
    const planned = { title, argv, cwd: folder, in: where, env, stdin, files: contents, expectExitCodes, timeoutMs };
    return { found: 'absent', target, record: planned };
  },
  // The step creates nothing but its entry in the ledger.
  apply: async (_input, planned) => planned,
  inspect: async () => ({ found: 'in place' }),
  async undo(made, context) {
    const { exitCode } = requireExitCode({ ...made, retry: null }, await runToEnd(made, context));
    return { found: 'gone', reason: `its command ended with exit code ${exitCode}` };
  },
  undoCommands: (made) => [typedInFolder(made)],
});
