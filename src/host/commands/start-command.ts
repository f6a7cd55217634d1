import type { Readable } from 'node:stream';
import type { Options } from 'execa';
import type { Argv } from '../../engine/ports/command.ts';
import { inOwnCgroup } from '../processes/command-cgroups.ts';

/** Options of a command's start. */
export interface CommandStart {
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Standard input, empty by default. */
  readonly stdin: string | undefined;
  /** Descriptor of this process that the command receives as descriptor 3. */
  readonly inherited: number | undefined;
}

/** Reason why there is no process. */
export interface StartFailure {
  readonly code?: string | undefined;
  readonly originalMessage?: string | undefined;
}

/** A started command, the leader of its own process group; without a pid if it failed to start. */
export interface StartedCommand {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  once(event: 'exit', listener: (exitCode: number | null, signal: NodeJS.Signals | null) => void): unknown;
  /** Resolves after the command has ended and its output is closed. Never rejects. */
  readonly over: Promise<StartFailure>;
}

export type StartCommand = (line: Argv, start: CommandStart) => StartedCommand;

/** Loads execa and returns a function that starts commands with it. */
export async function execaStarter(): Promise<StartCommand> {
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

/** Its own process group, so that its children end with it; the caller collects and limits the output. */
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

/** execa accepts every descriptor; its types list those up to 9. */
type Descriptor = 3 | 4 | 5 | 6 | 7 | 8 | 9;
const isDescriptor = (value: number): value is Descriptor => value >= 3;
