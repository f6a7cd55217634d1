import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import type { Argv } from '../../../engine/ports/command.ts';
import { collectBounded } from '../../../host/commands/bounded-output.ts';
import { signalMembers } from '../../../host/processes/process-group.ts';

/** Result of a program. */
export interface ProgramEnd {
  /** 128 plus the signal's number if a signal ended it; null if it timed out. */
  readonly exitCode: number | null;
  /** stdout and stderr in the order of arrival, bounded. */
  readonly output: string;
  readonly timedOut: boolean;
}

interface ProgramOptions {
  readonly stdin?: string;
  readonly timeoutMs: number;
}

const MAX_OUTPUT_BYTES = 256 * 1024;
/** Time limit for the rest of the output after the end: a child of the program may keep the streams open. */
const STREAMS_MS = 200;

/** Runs a program in the namespaces of this process. @throws the system's error if it cannot be started */
export function runProgram(argv: Argv, { stdin, timeoutMs }: ProgramOptions): Promise<ProgramEnd> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(program, args, { stdio: 'pipe', detached: true, env: process.env });
    child.once('error', reject);
    // The streams are missing if no descriptor is left for them.
    const { stdin: input, stdout, stderr } = child;
    if (child.pid === undefined || !input || !stdout || !stderr) return;
    const both = new PassThrough();
    const output = collectBounded(both, MAX_OUTPUT_BYTES);
    stdout.pipe(both, { end: false });
    stderr.pipe(both, { end: false });
    let timedOut = false;
    let code: number | null = null;
    const timer = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) signalMembers(child.pid, 'SIGKILL');
    }, timeoutMs);
    let streamsTimer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      clearTimeout(streamsTimer);
      stdout.destroy();
      stderr.destroy();
      resolve({ exitCode: timedOut ? null : code, output: output.text(), timedOut });
    };
    child.once('exit', (exitCode, signal) => {
      code = exitCode ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      streamsTimer = setTimeout(finish, STREAMS_MS);
    });
    child.once('close', finish);
    // The program may end before it has read everything.
    input.on('error', () => undefined);
    input.end(stdin ?? '');
  });
}
