import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import type { Argv } from '../../engine/ports/command.ts';
import { collectBounded } from '../bounded-output.ts';
import { errnoOf } from '../errno.ts';

/** How a program ended. */
export interface ProgramEnd {
  /** 128 and the signal where a signal ended it; null where its time was over. */
  readonly exitCode: number | null;
  /** stdout and stderr in the order they came, bounded. */
  readonly output: string;
  readonly timedOut: boolean;
}

interface ProgramOptions {
  readonly stdin?: string;
  readonly timeoutMs: number;
}

const MAX_OUTPUT_BYTES = 256 * 1024;
/** How long what it wrote is waited for after it has ended: a child of its own may hold the streams open for ever. */
const STREAMS_MS = 200;

/** Runs a program beside this one, in the same namespaces. @throws the system's error where it cannot be started. */
export function runProgram(argv: Argv, { stdin, timeoutMs }: ProgramOptions): Promise<ProgramEnd> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(program, args, { stdio: 'pipe', detached: true, env: process.env });
    child.once('error', reject);
    // Without a descriptor left for them, there are none.
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
      endGroup(child.pid);
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
    // A program that ended before it has read all of it.
    input.on('error', () => undefined);
    input.end(stdin ?? '');
  });
}

function endGroup(group: number | undefined): void {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch (thrown) {
    // It has ended by itself.
    if (errnoOf(thrown) !== 'ESRCH') throw thrown;
  }
}
