import type { Readable } from 'node:stream';
import type { Options } from 'execa';
import type { Argv } from '../../engine/ports/command.ts';
import { inOwnCgroup } from '../processes/command-cgroups.ts';

/** What a command is started with. */
export interface CommandStart {
  /** Beside what this process has itself. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Written to its standard input, which is otherwise empty. */
  readonly stdin: string | undefined;
  /** A descriptor of this process that it has as its descriptor 3. */
  readonly inherited: number | undefined;
}

/** Why there is no process. */
export interface StartFailure {
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
}

/** A command that has been started, as the leader of a process group of its own: or not, where it has no pid. */
export interface StartedCommand {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  once(event: 'exit', listener: (exitCode: number | null, signal: NodeJS.Signals | null) => void): unknown;
  /** Comes once it has ended and its output is closed. It does not fail. */
  readonly over: Promise<StartFailure>;
}

export type StartCommand = (line: Argv, start: CommandStart) => StartedCommand;

/** Loads execa, and answers how to start a command through it. */
export async function throughExeca(): Promise<StartCommand> {
  const { execa } = await import('execa');
  return inOwnCgroup((line, start) => startThrough(execa, line, start));
}

function startThrough(
  execa: typeof import('execa').execa,
  [program, ...args]: Argv,
  { env, cwd, stdin, inherited }: CommandStart,
): StartedCommand {
  const child = execa(program, args, {
    ...EXECA_OPTIONS,
    env,
    ...(cwd === undefined ? {} : { cwd }),
    ...(stdin === undefined ? {} : { input: stdin }),
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...descriptors(inherited)],
  });
  const { pid, stdout, stderr } = child;
  return { pid, stdout, stderr, once: (event, listener) => child.once(event, listener), over: child };
}

/** Its own group, so that its children end with it; the output is collected by the caller, so that it can be cut. */
const EXECA_OPTIONS = {
  reject: false,
  buffer: false,
  detached: true,
  cleanup: false,
  extendEnv: true,
} as const satisfies Options;

function descriptors(inherited: number | undefined): readonly Descriptor[] {
  return inherited !== undefined && isDescriptor(inherited) ? [inherited] : [];
}

/** execa takes every descriptor; its types name those up to 9. */
type Descriptor = 3 | 4 | 5 | 6 | 7 | 8 | 9;
const isDescriptor = (value: number): value is Descriptor => value >= 3;
