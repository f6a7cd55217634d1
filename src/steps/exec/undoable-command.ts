import { z } from 'zod';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { ChangeState, HostContext, Observation, StepContext } from '../../engine/workflow/step.ts';
import { requireSameEngine } from '../docker/engine/same-engine.ts';
import { fileContentsSchema } from './command-files.ts';
import { argvSchema, type ContainerPlace, commandPlaceSchema, resultSchema } from './command-input.ts';
import {
  type CommandToRun,
  commandName,
  isOnHost,
  requireEnd,
  requireExitCode,
  requireStart,
  runToEnd,
  typedInFolder,
} from './run-command.ts';

/** Record of a command. */
export const commandRecord = z.object({
  step: z.string(),
  title: z.string().nullable().default(null),
  argv: argvSchema,
  check: argvSchema.nullable(),
  undo: argvSchema.nullable(),
  /** Absolute working directory; null is that of the container. */
  cwd: z.string().nullable(),
  in: commandPlaceSchema,
  env: z.record(z.string(), z.string()),
  undoEnv: z.record(z.string(), z.string()).nullable().default(null),
  /** Files that the check and the undo refer to. */
  files: fileContentsSchema.default({}),
  timeoutMs: z.number(),
  /** Result of argv, once it is known. */
  result: resultSchema.nullable(),
});
/** Output of the step. The exit code is null if argv was not run because the check reported it as done, or if its end was not observed. */
export const commandOutput = resultSchema.extend({
  exitCode: z.number().int().nullable().describe('exit code; null if this attempt did not run it'),
});

const NOT_SEEN: z.output<typeof commandOutput> = { exitCode: null, stdout: '', stderr: '', truncated: false };

type CommandRecord = z.infer<typeof commandRecord>;
type ObservedCommand = CommandToRun & Pick<CommandRecord, 'title' | 'check' | 'undo' | 'undoEnv' | 'argv' | 'env'>;
type AppliedCommand = Pick<CommandToRun, 'stdin' | 'files'> & Parameters<typeof requireExitCode>[0];

/**
 * Observes a command that a step runs, checks and undoes.
 * @param asked with the absolute working directory, or null for that of the container, and the files that check and undo refer to
 */
export async function observeCommand(
  asked: ObservedCommand,
  context: StepContext,
  earlier: CommandRecord | undefined,
): Promise<Observation<CommandRecord, z.output<typeof commandOutput>>> {
  const { title, argv, check, undo, cwd, in: where, env, undoEnv, files, timeoutMs } = asked;
  const target = `${title ?? `command ${commandLine(argv)}`}${where === null ? '' : ` in ${where.name}`}`;
  const intended = {
    step: context.step,
    title,
    argv,
    check,
    undo,
    cwd,
    in: where,
    env,
    undoEnv,
    files,
    timeoutMs,
    result: null,
  };
  const done = earlier?.result ?? NOT_SEEN;
  const running = earlier === undefined ? undefined : await stillRunning(earlier, context);
  if (running !== undefined) return { found: 'unknown', error: running };
  if (check === null) {
    if (earlier === undefined) return { found: 'absent', target, record: intended };
    // The command ended with an exit code that is a failure: its `retry`, or the user, runs it again.
    if (earlier.result === null && context.retriedAfter?.code === 'E_HOST_COMMAND') {
      return { found: 'partial', target, record: intended };
    }
    if (earlier.result === null) return { found: 'unknown', error: interrupted(intended) };
    return { found: 'ours', target, record: earlier, output: done };
  }
  const checked = await runCheck({ ...intended, argv: check, stdin: null }, context);
  if (checked.result === 'unknown') return { found: 'unknown', error: checked.error };
  if (checked.result === 'not done') return { found: 'absent', target, record: intended };
  if (earlier === undefined) return { found: 'unchanged', output: NOT_SEEN };
  return { found: 'ours', target, record: earlier, output: done };
}

/** Runs an observed command. Returns its record with the result. @param asked with all its files */
export async function applyCommand(
  asked: AppliedCommand,
  intended: CommandRecord,
  context: StepContext,
): Promise<CommandRecord> {
  const ended = await requireStart({ ...intended, stdin: asked.stdin, files: asked.files }, context);
  return { ...intended, result: requireExitCode(asked, requireEnd(ended, intended.timeoutMs)) };
}

/** The members with which a step runner undoes commands. */
export const undoOfCommand = {
  async inspect(made: CommandRecord, context: HostContext): Promise<ChangeState> {
    const gone = await goneWithContainer(made, context);
    if (gone !== undefined) return gone;
    const running = await stillRunning(made, context);
    if (running !== undefined) return { found: 'unknown', error: running };
    return (await stateByCheck(made, context)) ?? { found: 'in place' };
  },

  async undo(made: CommandRecord, context: HostContext): Promise<ChangeState> {
    const gone = await goneWithContainer(made, context);
    if (gone !== undefined) return gone;
    const { undo } = made;
    if (undo === null) throw noUndo(made);
    const ended = await runToEnd({ ...made, argv: undo, env: made.undoEnv ?? made.env, stdin: null }, context);
    requireExitCode({ title: null, argv: undo, expectExitCodes: [0], retry: null }, ended);
    // Without a check, the exit code of the undo command is the only evidence.
    return (await stateByCheck(made, context)) ?? { found: 'gone', reason: 'its undo command ended with exit code 0' };
  },

  undoCommands: (made: CommandRecord) => (made.undo === null ? [] : [typedInFolder({ ...made, argv: made.undo })]),
};

/** Returns the container of a command that the engine itself runs in it; null for another place. */
export function containerOf({ in: where }: CommandRecord): ContainerPlace | null {
  return isOnHost(where) ? null : where;
}

async function goneWithContainer(made: CommandRecord, context: HostContext): Promise<ChangeState | undefined> {
  const container = containerOf(made);
  if (container === null) return undefined;
  await requireSameEngine(container.engine, context);
  if ((await context.host.docker.container(container.id)) !== null) return undefined;
  const reason = `container ${container.name} is gone, with all that the command changed in it; not so in its volumes`;
  return { found: 'gone', reason };
}

/** Returns the error for a command of a killed process that the engine still runs; wf ends it only on its own machine. */
async function stillRunning(made: CommandRecord, { host }: HostContext): Promise<WfError | undefined> {
  const container = containerOf(made);
  if (container === null || made.result !== null) return undefined;
  const own = commandLine(made.argv);
  const running = await host.docker.runningCommands(container.id);
  if (!running.some((argv) => commandLine(argv) === own)) return undefined;
  const { name } = container;
  return new WfError('E_ORPHAN_ALIVE', `${own} still runs in container ${name}`, {
    hint: `Wait until \`docker top ${name}\` no longer lists it, or end it; then resume the run or roll it back.`,
  });
}

type CheckResult = { readonly result: 'done' | 'not done' } | { readonly result: 'unknown'; readonly error: WfError };

/** Returns the state that the check of the command reports; undefined if it has no check. */
async function stateByCheck(made: CommandRecord, context: HostContext): Promise<ChangeState | undefined> {
  const { check } = made;
  if (check === null) return undefined;
  const checked = await runCheck({ ...made, argv: check, stdin: null }, context);
  switch (checked.result) {
    case 'done':
      return { found: 'in place' };
    case 'not done':
      return { found: 'gone', reason: `its check (${commandLine(check)}) reports that it is not done` };
    case 'unknown':
      return { found: 'unknown', error: checked.error };
  }
}

/** Runs a check. If the check does not finish, the state is unknown, which is not "not done". */
async function runCheck(check: CommandToRun, context: HostContext): Promise<CheckResult> {
  try {
    const { exitCode } = await runToEnd(check, context);
    return { result: exitCode === 0 ? 'done' : 'not done' };
  } catch (thrown) {
    const cause = asWfError(thrown);
    const error = new WfError('E_HOST_STATE_UNKNOWN', `the check did not finish: ${cause.message}`, {
      hint: cause.hint,
      cause,
    });
    return { result: 'unknown', error };
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
