import { z } from 'zod';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv } from '../../engine/ports/command.ts';
import { defineStep } from '../../engine/workflow/define-step.ts';
import type { HostContext, Standing } from '../../engine/workflow/step.ts';
import { argvSchema, commandFields, resultSchema, STEP_TIMEOUT_MS } from './command-input.ts';
import { type CommandToRun, folderOf, requireEnd, requireExitCode, requireStart, runToEnd } from './run-command.ts';

const input = z.object({
  ...commandFields,
  /** Exit code 0 says that what argv does is done; any other, that it is not. Null where nothing can tell. */
  check: argvSchema.nullable().default(null),
  /** Takes back what argv did. It may be run twice, after an interruption. Null where nothing does. */
  undo: argvSchema.nullable().default(null),
});

/** The exit code is null where argv was not run, because the check said that it is done, or where its end was not seen. */
const output = resultSchema.extend({ exitCode: z.number().int().nullable() });

const record = z.object({
  step: z.string(),
  argv: argvSchema,
  check: argvSchema.nullable(),
  undo: argvSchema.nullable(),
  /** The working directory, absolute; null, or relative, in journals of wf 0.1. */
  cwd: z.string().nullable(),
  env: z.record(z.string(), z.string()),
  timeoutMs: z.number(),
  /** How argv ended, once it is known. */
  result: resultSchema.nullable(),
});
type CommandRecord = z.infer<typeof record>;

const NOT_SEEN: z.output<typeof output> = { exitCode: null, stdout: '', stderr: '', truncated: false };

/** Runs a command that changes the host in a way that only its author knows. */
export const execCommand = defineStep({
  kind: 'exec.command',
  description: 'Runs a command that changes the host, and undoes it by another.',
  input,
  output,
  record,
  timeoutMs: STEP_TIMEOUT_MS,
  runsAnyCommand: true,
  // A command may change anything: nothing is known to be lost by a reboot, and `alters` is left out.
  survivesReboot: true,
  commands: ({ argv }) => [argv],
  rehearse: ({ expectExitCodes }) => ({ exitCode: expectExitCodes[0] ?? 0, stdout: '', stderr: '', truncated: false }),

  async observe(asked, context, earlier) {
    const { argv, check, undo, cwd, env, timeoutMs } = asked;
    const target = `command ${commandLine(argv)}`;
    const folder = folderOf(cwd, context);
    const intended: CommandRecord = {
      step: context.step,
      argv,
      check,
      undo,
      cwd: folder,
      env,
      timeoutMs,
      result: null,
    };
    const done = earlier?.result ?? NOT_SEEN;
    if (check === null) {
      if (earlier === undefined) return { found: 'absent', target, record: intended };
      if (earlier.result === null) return { found: 'unknown', error: interrupted(intended) };
      return { found: 'ours', target, record: earlier, output: done };
    }
    const checked = await runCheck({ ...asked, argv: check }, context);
    if (checked.says === 'nothing') return { found: 'unknown', error: checked.error };
    if (checked.says === 'not done') return { found: 'absent', target, record: intended };
    if (earlier === undefined) return { found: 'unchanged', output: NOT_SEEN };
    return { found: 'ours', target, record: earlier, output: done };
  },

  async apply({ argv, expectExitCodes }, intended, _found, context) {
    const ended = await requireStart(intended, context);
    return { ...intended, result: requireExitCode(argv, requireEnd(ended, intended.timeoutMs), expectExitCodes) };
  },

  look: async (made, context) => (await askCheck(made, context)) ?? { found: 'standing' },

  async undo(made, context) {
    const { undo } = made;
    if (undo === null) throw noUndo(made);
    requireExitCode(undo, await runToEnd({ ...made, argv: undo }, context), [0]);
    // Where nothing can be looked at, how its undo command ended is all that can be known.
    return (await askCheck(made, context)) ?? { found: 'gone', reason: 'its undo command ended with exit code 0' };
  },
  undoCommands: (made) => (made.undo === null ? [] : [typedInFolder(made, made.undo)]),
});

type CheckAnswer = { readonly says: 'done' | 'not done' } | { readonly says: 'nothing'; readonly error: WfError };

/** What its check says of it; undefined where it was given none. */
async function askCheck(made: CommandRecord, context: HostContext): Promise<Standing | undefined> {
  const { check } = made;
  if (check === null) return undefined;
  const checked = await runCheck({ ...made, argv: check }, context);
  switch (checked.says) {
    case 'done':
      return { found: 'standing' };
    case 'not done':
      return { found: 'gone', reason: `its check (${commandLine(check)}) says that it is not done` };
    case 'nothing':
      return { found: 'unknown', error: checked.error };
  }
}

/** A check that could not be run to its end says nothing: that is not "not done". */
async function runCheck(check: CommandToRun, context: HostContext): Promise<CheckAnswer> {
  try {
    const { exitCode } = await runToEnd(check, context);
    return { says: exitCode === 0 ? 'done' : 'not done' };
  } catch (thrown) {
    const cause = asWfError(thrown);
    const error = new WfError('E_HOST_STATE_UNKNOWN', `the check cannot tell whether it is done: ${cause.message}`, {
      hint: cause.hint,
      cause,
    });
    return { says: 'nothing', error };
  }
}

/** Command that a person would type, wherever they are. */
function typedInFolder({ cwd }: CommandRecord, argv: Argv): Argv {
  return cwd === null ? argv : ['env', `--chdir=${cwd}`, ...argv];
}

function interrupted(made: CommandRecord): WfError {
  const { argv, undo } = made;
  const line = commandLine(argv);
  return new WfError('E_HOST_STATE_UNKNOWN', `nobody saw how ${line} ended: the run was interrupted while it ran`, {
    hint:
      `Look by hand whether it is done. \`wf rollback RUN\` then ` +
      `${undo === null ? 'leaves it to you to undo' : `undoes it with \`${commandLine(typedInFolder(made, undo))}\``}. With a \`check\`, wf can look by itself.`,
  });
}

function noUndo({ argv }: CommandRecord): WfError {
  return new WfError('E_STEP_FAILED', `${commandLine(argv)} was given no undo command, so wf cannot take it back`, {
    hint: 'Undo by hand what it did, and give the step an `undo` for the next time.',
  });
}
