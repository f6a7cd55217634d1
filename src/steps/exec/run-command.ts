import { resolve } from 'node:path';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { commandLine, evidenceOf } from '../../engine/model/evidence.ts';
import type { Argv, CommandResult } from '../../engine/ports/command.ts';
import type { HostContext, HostPorts } from '../../engine/workflow/step.ts';
import { bootId } from '../../host/processes/process.ts';
import type { ExecResult } from './command-input.ts';

/** Of stdout and of stderr: what a step's output, which is journaled, may hold. */
const OUTPUT_BYTES = 64 * 1024;
/** So many of the last lines of stderr go into an error. */
const COMPLAINT_LINES = 3;

export interface CommandToRun {
  readonly argv: Argv;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** The absolute folder of a step's input. */
export function folderOf(cwd: string | null, { host }: HostContext): string {
  return resolve(host.place.folder, cwd ?? '.');
}

/**
 * A run whose network namespace has ended is undone elsewhere: its commands would see, and change, another network.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
function requireNetworkNamespace({ namespace, place }: HostPorts): void {
  if (namespace.holder !== null || place.bootId !== bootId()) return;
  const { inode } = place.networkNamespace;
  if (namespace.own().inode === inode) return;
  throw new WfError(
    'E_HOST_STATE_UNKNOWN',
    `the network namespace ${inode}, in which the run was started, is gone: its commands run in no other one`,
    { hint: 'Look by hand what they left outside of the network, and undo that.' },
  );
}

/**
 * Runs a command and records it as evidence; how it ended is the caller's to judge.
 * @throws WfError as CommandPort.run does: then the command was not started.
 */
export async function runRecorded(command: CommandToRun, context: HostContext): Promise<CommandResult> {
  const { argv, cwd, env, timeoutMs } = command;
  requireNetworkNamespace(context.host);
  const folder = folderOf(cwd, context);
  const options = { timeoutMs, signal: context.signal, env, maxOutputBytes: OUTPUT_BYTES, cwd: folder };
  const result = await context.host.command.run(argv, options);
  context.record(evidenceOf(result));
  return result;
}

/** The same for a command that changes the host. @throws WfError that says that the host is untouched: it was not started. */
export async function requireStart(command: CommandToRun, context: HostContext): Promise<CommandResult> {
  try {
    context.signal.throwIfAborted();
    return await runRecorded(command, context);
  } catch (thrown) {
    const { code, message, hint, transient, details } = asWfError(thrown);
    throw new WfError(code, message, { hint, transient, details, untouched: true, cause: thrown });
  }
}

/** @throws WfError E_HOST_COMMAND when it was ended before it was done, E_STEP_STOPPED when its step was stopped. */
export function requireEnd(result: CommandResult, timeoutMs: number): ExecResult {
  const { end, stdout, stderr, truncated } = result;
  if (end.type !== 'exited') throw endedEarly(result, timeoutMs);
  return { exitCode: end.exitCode, stdout, stderr, truncated };
}

/** Both of these: the exit code is the caller's to judge. */
export async function runToEnd(command: CommandToRun, context: HostContext): Promise<ExecResult> {
  return requireEnd(await runRecorded(command, context), command.timeoutMs);
}

/** @throws WfError E_HOST_COMMAND with the exit code and the last lines of stderr. */
export function requireExitCode(argv: Argv, result: ExecResult, expected: readonly number[]): ExecResult {
  if (expected.includes(result.exitCode)) return result;
  const complaint = result.stderr.trimEnd().split('\n').slice(-COMPLAINT_LINES).join(' / ');
  const wanted = expected.length === 1 && expected[0] === 0 ? '' : `, expected ${expected.join(' or ')}`;
  throw new WfError(
    'E_HOST_COMMAND',
    `${commandLine(argv)} ended with exit code ${result.exitCode}${wanted}${complaint === '' ? '' : `: ${complaint}`}`,
    {
      hint: '`wf logs RUN STEP` shows all of its output; exit codes that are no failure are named in `expectExitCodes`.',
      details: { exitCode: result.exitCode },
    },
  );
}

function endedEarly({ argv, end }: CommandResult, timeoutMs: number): WfError {
  const line = commandLine(argv);
  switch (end.type) {
    case 'timed-out':
      return new WfError('E_HOST_COMMAND', `${line} was not done after ${timeoutMs} ms and was ended`, {
        hint: 'Find out what it waits for, or give the step a longer `timeoutMs`.',
      });
    case 'killed':
      return new WfError('E_HOST_COMMAND', `${line} was ended by ${end.signal}`, {
        hint: 'Somebody, or a lack of memory, ended it: look at the log of the machine.',
      });
    default:
      return new WfError('E_STEP_STOPPED', `${line} was ended, because its step was stopped`, {
        hint: '`wf show RUN` tells why.',
      });
  }
}
