import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { signalMembers } from './process-group.ts';

/** A process in a session of its own, which outlives this one. */
export interface DetachedProcess {
  readonly pid: number;
  /** Resolves to the first line on its standard output; never if there is none. */
  readonly firstLine: Promise<string>;
  /** Resolves if it ends while this process still listens. */
  readonly end: Promise<DetachedEnd>;
  /** Stops listening: this process may end. */
  release(): void;
  /** Kills it, with all that it has started in its session. */
  kill(): void;
}

export interface DetachedEnd {
  /** Null if a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program of Node in a session of its own, in the folder of this process. @param input its standard input; empty if absent */
export function startDetached(file: string, args: readonly string[], env = process.env, input = ''): DetachedProcess {
  const child = spawn(process.execPath, [file, ...args], { detached: true, env, stdio: 'pipe' });
  // A program that ends without reading its input closes the pipe.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const end = Promise.all([
    new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    }),
    text(child.stdout),
    text(child.stderr),
  ]).then(([exitCode, stdout, stderr]): DetachedEnd => ({ exitCode, stdout, stderr }));
  // Pending reads fail when this process stops listening.
  end.catch(() => {});
  return {
    pid: child.pid ?? 0,
    firstLine: new Promise((resolve) => {
      let read = '';
      child.stdout.on('data', (part: Buffer) => {
        read += part.toString();
        if (read.includes('\n')) resolve(read.slice(0, read.indexOf('\n')));
      });
    }),
    end,
    release() {
      child.unref();
      child.stdout.destroy();
      child.stderr.destroy();
    },
    kill() {
      // The number of a process that has ended may be another's.
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      if (child.pid !== undefined && !hasEnded) signalMembers(child.pid, 'SIGKILL');
    },
  };
}
