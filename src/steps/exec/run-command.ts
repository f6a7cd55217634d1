import { resolve } from 'node:path';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { commandLine, evidenceOf } from '../../engine/model/evidence.ts';
import { limitText } from '../../engine/model/time-limit.ts';
import type { Argv, CommandResult } from '../../engine/ports/command.ts';
import type { HostContext, HostPorts } from '../../engine/workflow/step.ts';
import { inNamespace } from '../../host/ip/run-ip.ts';
import { bootId } from '../../host/processes/process.ts';
import { requireSameEngine } from '../docker/engine/same-engine.ts';
import { typedIn as typedInNamespace } from '../net/place.ts';
import { namespaceOfHandle, type PlaceHandle } from '../place-handle.ts';
import { type FileContents, withFiles } from './command-files.ts';
import type { CommandPlace, ExecResult, Retry } from './command-input.ts';

/** Limit of stdout and of stderr in a step's output, which is journaled. */
const OUTPUT_BYTES = 64 * 1024;
/** Number of last lines of stderr in an error. */
const COMPLAINT_LINES = 3;

export interface CommandToRun {
  readonly argv: Argv;
  /** Working directory; null is the one in which the run started, or that of the container. */
  readonly cwd: string | null;
  readonly in: CommandPlace;
  readonly env: Readonly<Record<string, string>>;
  /** Standard input; null is empty. */
  readonly stdin: string | null;
  readonly files: FileContents;
  readonly timeoutMs: number;
}

/** Returns the name of a command for messages: its title, if it has one, and its command line. */
export function commandName({ title, argv }: { readonly title: string | null; readonly argv: Argv }): string {
  return title === null ? commandLine(argv) : `${title} (${commandLine(argv)})`;
}

interface Expected {
  readonly title: string | null;
  readonly argv: Argv;
  readonly expectExitCodes: readonly number[];
  readonly retry: Retry | null;
}

/** Returns whether a program of the host runs there, and not one that the engine starts in a container. */
export function isOnHost(where: CommandPlace): where is PlaceHandle | null {
  return where === null || 'namespace' in where;
}

/** Returns the absolute working directory of a step's input. */
export function folderOf(cwd: string | null, { host }: HostContext): string {
  return resolve(host.place.folder, cwd ?? '.');
}

/** Returns the command that a person would type from any directory. @param cwd the absolute working directory */
export function typedInFolder(command: Pick<CommandToRun, 'argv' | 'in' | 'cwd'>): Argv {
  const { cwd, argv, in: where } = command;
  return typedIn(isOnHost(where) && cwd !== null ? { ...command, argv: ['env', `--chdir=${cwd}`, ...argv] } : command);
}

/** Returns the command that a person would type from the directory in which the run started. */
export function typedIn({ argv, in: where, cwd }: Pick<CommandToRun, 'argv' | 'in' | 'cwd'>): Argv {
  if (isOnHost(where)) return typedInNamespace(where, argv);
  const user = where.user === null ? [] : ['--user', where.user];
  return ['docker', 'exec', ...user, ...(cwd === null ? [] : ['--workdir', cwd]), where.name, ...argv];
}

/**
 * Refuses a run whose network namespace has ended: its commands would change another network.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
function requireNetworkNamespace({ namespace, place }: HostPorts): void {
  if (namespace.holder !== null || place.bootId !== bootId()) return;
  const { inode } = place.networkNamespace;
  const own = namespace.own();
  // A given namespace is checked for its identity whenever it is opened.
  if (own.process === null || own.inode === inode) return;
  throw new WfError(
    'E_HOST_STATE_UNKNOWN',
    `the network namespace ${inode}, in which the run started, is gone: wf runs its commands in no other namespace`,
    { hint: 'Find by hand what they left outside the network, and undo it.' },
  );
}

/**
 * Runs a command; the caller records it and judges its result.
 * @throws WfError like CommandPort.run: then the command was not started.
 */
export async function run(command: CommandToRun, context: HostContext): Promise<CommandResult> {
  const { argv, cwd, in: where, env, stdin, files, timeoutMs } = command;
  const input = stdin === null ? {} : { stdin };
  const options = { timeoutMs, signal: context.signal, maxOutputBytes: OUTPUT_BYTES, ...input };
  if (!isOnHost(where)) {
    await requireSameEngine(where.engine, context);
    return context.host.docker.execCommand(where.id, argv, { ...options, env, user: where.user, cwd });
  }
  requireNetworkNamespace(context.host);
  const folder = folderOf(cwd, context);
  const namespace = inNamespace(where === null ? undefined : namespaceOfHandle(where));
  return withFiles(files, context, async (filled) => {
    const [program, ...args] = argv;
    const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)]));
    const whole: Argv = [filled(program), ...args.map(filled)];
    const given = { ...options, cwd: folder, env: variables, typed: argv };
    const result = await context.host.command.run(whole, { ...given, ...namespace });
    return { ...result, argv };
  });
}

/** Records the result of a command as evidence. */
export function recordResult(command: CommandToRun, result: CommandResult, context: HostContext): void {
  context.record(evidenceOf(result, typedIn(command)));
}

/** Runs a command and records it. @throws WfError like run */
async function runRecorded(command: CommandToRun, context: HostContext): Promise<CommandResult> {
  const result = await run(command, context);
  recordResult(command, result, context);
  return result;
}

/**
 * Like runRecorded, for a command that changes the host.
 * @throws WfError with `untouched` if the command was not started.
 */
export async function requireStart(command: CommandToRun, context: HostContext): Promise<CommandResult> {
  const { aborted } = context.signal;
  try {
    context.signal.throwIfAborted();
    return await runRecorded(command, context);
  } catch (thrown) {
    const { code, message, hint, transient, details, untouched: isKnown } = asWfError(thrown);
    // A defect of wf, or a failure that a test requests, can occur after the command has run; an engine may execute a request whose
    // response was lost.
    const mayHaveRun = code === 'E_INTERNAL' || code === 'E_STEP_FAILED' || !isOnHost(command.in);
    const untouched = aborted || isKnown || !mayHaveRun;
    throw new WfError(code, message, { hint, transient, details, untouched, cause: thrown });
  }
}

/**
 * Returns the result of a command that ran to its end.
 * @throws WfError E_HOST_COMMAND if it was ended early, E_STEP_STOPPED if its step was stopped.
 */
export function requireEnd(result: CommandResult, timeoutMs: number): ExecResult {
  const { end, stdout, stderr, truncated } = result;
  if (end.type !== 'exited') throw endedEarly(result, timeoutMs);
  return { exitCode: end.exitCode, stdout, stderr, truncated };
}

/** Runs a command to its end; the caller judges the exit code. */
export async function runToEnd(command: CommandToRun, context: HostContext): Promise<ExecResult> {
  return requireEnd(await runRecorded(command, context), command.timeoutMs);
}

/**
 * Checks the exit code.
 * @throws WfError E_HOST_COMMAND with the exit code and the last lines of stderr; transient if the input retries after it.
 */
export function requireExitCode(command: Expected, result: ExecResult): ExecResult {
  const { expectExitCodes: expected } = command;
  if (expected.includes(result.exitCode)) return result;
  const complaint = lastLines(result.stderr);
  const wanted = expected.length === 1 && expected[0] === 0 ? '' : `, expected ${expected.join(' or ')}`;
  throw new WfError(
    'E_HOST_COMMAND',
    `${commandName(command)} ended with exit code ${result.exitCode}${wanted}${complaint === '' ? '' : `: ${complaint}`}`,
    {
      hint: 'Read its output with `wf logs RUN STEP`. List exit codes that are not a failure in `expectExitCodes`.',
      details: { exitCode: result.exitCode },
      transient: isRetried(command, result),
    },
  );
}

function isRetried({ retry }: Expected, { exitCode, stdout, stderr }: ExecResult): boolean {
  if (retry === null) return false;
  const { exitCodes, contains } = retry;
  return (
    exitCodes.includes(exitCode) || (contains !== null && (stdout.includes(contains) || stderr.includes(contains)))
  );
}

export function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-COMPLAINT_LINES).join(' / ');
}

function endedEarly({ argv, end }: CommandResult, timeoutMs: number): WfError {
  const line = commandLine(argv);
  switch (end.type) {
    case 'timed-out':
      return new WfError('E_HOST_COMMAND', `${line} timed out after ${limitText(timeoutMs)}`, {
        hint: 'Find out what it waits for, or give the step a longer `timeoutMs`.',
      });
    case 'killed':
      return new WfError('E_HOST_COMMAND', `${line} was killed by ${end.signal}`, {
        hint: 'Check the system log: another process or a lack of memory killed it.',
      });
    default:
      return new WfError('E_STEP_STOPPED', `${line} was stopped with its step`, {
        hint: 'Find the reason with `wf show RUN`.',
      });
  }
}
