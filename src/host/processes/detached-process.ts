import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { collectBounded } from '../commands/bounded-output.ts';

/** Limit of each output, in bytes. */
const OUTPUT_LIMIT = 32 * 1024 * 1024;

/** A process in its own session, which can outlive this process. */
export interface DetachedProcess {
  readonly pid: number;
  /** Resolves to the first line on its standard output; never if there is none. */
  readonly firstLine: Promise<string>;
  /** Resolves when it ends, unless it was released before. */
  readonly end: Promise<DetachedEnd>;
  /** Stops listening: this process may end. */
  release(): void;
  /** Kills it and its process group with SIGKILL, and stops reading its output. */
  kill(): void;
}

export interface DetachedEnd {
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether an output was longer than its limit. */
  readonly isCut: boolean;
}

/** Starts a Node program in its own session, in the folder of this process. @param input its standard input; empty if absent */
export function startDetached(file: string, args: readonly string[], env = process.env, input = ''): DetachedProcess {
  const child = spawn(process.execPath, [file, ...args], { detached: true, env, stdio: 'pipe' });
  // A program that ends without reading its input closes the pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [stdout, stderr] = [collectBounded(child.stdout, OUTPUT_LIMIT), collectBounded(child.stderr, OUTPUT_LIMIT)];
  const end = new Promise<DetachedEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      const isCut = stdout.truncated() || stderr.truncated();
      resolve({ exitCode, stdout: stdout.text(), stderr: stderr.text(), isCut });
    });
  });
  // A caller that releases the process does not wait for its end.
  end.catch(() => {});
  return {
    pid: child.pid ?? 0,
    firstLine: firstLineOf(child.stdout),
    end,
    release() {
      child.unref();
      child.stdout.destroy();
      child.stderr.destroy();
    },
    kill() {
      // Until Node reaps the process, its pid and its group cannot be reused.
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGKILL');
      // A process of another group may keep the other ends open forever.
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}

function firstLineOf(output: Readable): Promise<string> {
  return new Promise((resolve) => {
    let read = '';
    const take = (part: Buffer) => {
      read += part.toString();
      if (!part.includes('\n')) return;
      output.off('data', take);
      resolve(read.slice(0, read.indexOf('\n')));
    };
    output.on('data', take);
  });
}
