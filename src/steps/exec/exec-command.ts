import { z } from 'zod';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { ChangeState, HostContext } from '../../engine/workflow/step.ts';
import { typedIn } from '../net/place.ts';
import { placeHandleSchema } from '../place-handle.ts';
import { contentsForUndo, contentsOf, FILES_EXIST, fileContentsSchema } from './command-files.ts';
import {
  argvSchema,
  commandFields,
  resultSchema,
  retryField,
  retryPolicyOf,
  STEP_TIMEOUT_MS,
} from './command-input.ts';
import {
  type CommandToRun,
  commandName,
  folderOf,
  requireEnd,
  requireExitCode,
  requireStart,
  runToEnd,
  typedInFolder,
} from './run-command.ts';

const input = z
  .object({
    ...commandFields,
    retry: retryField,
    check: argvSchema
      .nullable()
      .default(null)
      .describe('command that exits with 0 if the change is in place, and otherwise with another code'),
    undo: argvSchema
      .nullable()
      .default(null)
      .describe('command that undoes the change; it may run twice after an interruption'),
    undoEnv: commandFields.env
      .unwrap()
      .nullable()
      .default(null)
      .describe('like `env`, for the undo command; null is `env`'),
  })
  .refine(...FILES_EXIST);

/** Output of the step. The exit code is null if argv was not run because the check reported it as done, or if its end was not observed. */
const output = resultSchema.extend({
  exitCode: z.number().int().nullable().describe('exit code; null if this attempt did not run it'),
});

const record = z.object({
  step: z.string(),
  title: z.string().nullable().default(null),
  argv: argvSchema,
  check: argvSchema.nullable(),
  undo: argvSchema.nullable(),
  /** Absolute working directory. */
  cwd: z.string(),
  in: placeHandleSchema.nullable(),
  env: z.record(z.string(), z.string()),
  undoEnv: z.record(z.string(), z.string()).nullable().default(null),
  /** Those that the check and the undo refer to. */
  files: fileContentsSchema.default({}),
  timeoutMs: z.number(),
  /** Result of argv, once it is known. */
  result: resultSchema.nullable(),
});
type CommandRecord = z.infer<typeof record>;

const NOT_SEEN: z.output<typeof output> = { exitCode: null, stdout: '', stderr: '', truncated: false };

/** Runs a command that changes the host in a way that only its author knows. */
export const execCommand = defineStep({
  kind: 'exec.command',
  description: 'Runs a command that changes the host, and undoes it with another command.',
  input,
  output,
  record,
  timeoutMs: STEP_TIMEOUT_MS,
  runsAnyCommand: true,
  // A command may change anything: a reboot is not known to undo it, and `alters` is omitted.
  survivesReboot: true,
  retryOf: retryPolicyOf,
  commands: ({ argv, in: where }) => [typedIn(where, argv)],
  rehearse: ({ expectExitCodes }) => ({ exitCode: expectExitCodes[0] ?? 0, stdout: '', stderr: '', truncated: false }),

  async observe(asked, context, earlier) {
    const { title, argv, check, undo, cwd, in: where, env, undoEnv, timeoutMs } = asked;
    const target = `${title ?? `command ${commandLine(argv)}`}${where === null ? '' : ` in ${where.name}`}`;
    const folder = folderOf(cwd, context);
    const intended: CommandRecord = {
      step: context.step,
      title,
      argv,
      check,
      undo,
      cwd: folder,
      in: where,
      env,
      undoEnv,
      files: contentsForUndo(asked),
      timeoutMs,
      result: null,
    };
    const done = earlier?.result ?? NOT_SEEN;
    if (check === null) {
      if (earlier === undefined) return { found: 'absent', target, record: intended };
      // The command has ended, with an exit code that is a failure: its `retry`, or a person, runs it again.
      if (earlier.result === null && context.retriedAfter?.code === 'E_HOST_COMMAND') {
        return { found: 'partial', target, record: intended };
      }
      if (earlier.result === null) return { found: 'unknown', error: interrupted(intended) };
      return { found: 'ours', target, record: earlier, output: done };
    }
    const checked = await runCheck({ ...intended, argv: check, stdin: null }, context);
    if (checked.says === 'nothing') return { found: 'unknown', error: checked.error };
    if (checked.says === 'not done') return { found: 'absent', target, record: intended };
    if (earlier === undefined) return { found: 'unchanged', output: NOT_SEEN };
    return { found: 'ours', target, record: earlier, output: done };
  },

  async apply(asked, intended, _found, context) {
    const ended = await requireStart({ ...intended, stdin: asked.stdin, files: contentsOf(asked.files) }, context);
    return { ...intended, result: requireExitCode(asked, requireEnd(ended, intended.timeoutMs)) };
  },

  inspect: async (made, context) => (await askCheck(made, context)) ?? { found: 'in place' },

  async undo(made, context) {
    const { undo } = made;
    if (undo === null) throw noUndo(made);
    const ended = await runToEnd({ ...made, argv: undo, env: made.undoEnv ?? made.env, stdin: null }, context);
    requireExitCode({ title: null, argv: undo, expectExitCodes: [0], retry: null }, ended);
    // Without a check, the exit code of the undo command is the only evidence.
    return (await askCheck(made, context)) ?? { found: 'gone', reason: 'its undo command ended with exit code 0' };
  },
  undoCommands: (made) => (made.undo === null ? [] : [typedInFolder({ ...made, argv: made.undo })]),
});

type CheckAnswer = { readonly says: 'done' | 'not done' } | { readonly says: 'nothing'; readonly error: WfError };

/** Runs the check of the command; returns undefined if it has none. */
async function askCheck(made: CommandRecord, context: HostContext): Promise<ChangeState | undefined> {
  const { check } = made;
  if (check === null) return undefined;
  const checked = await runCheck({ ...made, argv: check, stdin: null }, context);
  switch (checked.says) {
    case 'done':
      return { found: 'in place' };
    case 'not done':
      return { found: 'gone', reason: `its check (${commandLine(check)}) reports that it is not done` };
    case 'nothing':
      return { found: 'unknown', error: checked.error };
  }
}

/** Runs a check. A check that did not finish leaves the state unknown: that is not "not done". */
async function runCheck(check: CommandToRun, context: HostContext): Promise<CheckAnswer> {
  try {
    const { exitCode } = await runToEnd(check, context);
    return { says: exitCode === 0 ? 'done' : 'not done' };
  } catch (thrown) {
    const cause = asWfError(thrown);
    const error = new WfError('E_HOST_STATE_UNKNOWN', `the check did not finish: ${cause.message}`, {
      hint: cause.hint,
      cause,
    });
    return { says: 'nothing', error };
  }
}

function interrupted(made: CommandRecord): WfError {
  const { undo } = made;
  const line = commandName(made);
  return new WfError('E_HOST_STATE_UNKNOWN', `the result of ${line} is unknown: the run was interrupted while it ran`, {
    hint:
      `Check by hand whether it is done. \`wf rollback RUN\` then ` +
      `${undo === null ? 'leaves it to you to undo' : `undoes it with \`${commandLine(typedInFolder({ ...made, argv: undo }))}\``}. Give the step a \`check\`, so that wf can observe the result.`,
  });
}

function noUndo(made: CommandRecord): WfError {
  return new WfError('E_STEP_FAILED', `${commandName(made)} has no undo command, so wf cannot undo it`, {
    hint: 'Undo its effects by hand, and give the step an `undo` command for the next run.',
  });
}
