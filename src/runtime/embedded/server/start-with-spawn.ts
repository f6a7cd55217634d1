import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import type { StartCommand, StartedCommand, StartFailure } from '../../../host/commands/start-command.ts';
import { errnoOf } from '../../../host/machine/errno.ts';

/**
 * Starts a command of the private host, which never hands a descriptor on. Beside Node's own way, execa takes half as long again:
 * 3.5 ms instead of 2.2 for an `ip`, at real-time priority, and there are 200 of them in a lab.
 */
export const startWithSpawn: StartCommand = ([program, ...args], { env, cwd, stdin }) => {
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, ...env },
      cwd,
    });
  } catch (thrown) {
    return notStarted({ code: errnoOf(thrown), originalMessage: String(thrown) });
  }
  // One that ended before it has read all of it.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(stdin);
  const over = new Promise<StartFailure>((resolve) => {
    child.once('error', (error) => resolve({ code: errnoOf(error), originalMessage: error.message }));
    child.once('close', () => resolve({}));
  });
  // Without a descriptor left for them, there are none.
  const { pid, stdout, stderr } = child;
  return {
    pid,
    stdout: stdout ?? Readable.from([]),
    stderr: stderr ?? Readable.from([]),
    once: (event, listener) => child.once(event, listener),
    over,
  };
};

function notStarted(failure: StartFailure): StartedCommand {
  const [stdout, stderr] = [Readable.from([]), Readable.from([])];
  return { pid: undefined, stdout, stderr, once: () => undefined, over: Promise.resolve(failure) };
}
