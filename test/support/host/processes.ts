import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { killIfThere } from './kill.ts';

/** Returns the pids of the processes that run (not: zombies) with just this command line, or one that matches, as `ps` prints it. */
export function running(commandLine: string | RegExp): number[] {
  const isMeant = (line: string) => (typeof commandLine === 'string' ? line === commandLine : commandLine.test(line));
  return readdirSync('/proc').flatMap((pid) => {
    const line = /^\d+$/.test(pid) ? commandLineOf(pid) : '';
    return line !== '' && isMeant(line) ? [Number(pid)] : [];
  });
}

/** Returns nothing for a zombie and a process of the kernel. */
function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .replaceAll(/\p{Cc}/gu, ' ')
      .trimEnd();
  } catch {
    return ''; // it has ended
  }
}

/** Waits until a process runs with just this command line, or one that matches. */
export async function untilRunning(commandLine: string | RegExp, timeoutMs = 20_000): Promise<number> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const [pid] = running(commandLine);
    if (pid !== undefined) return pid;
    if (Date.now() > until) throw new Error(`nothing runs with the command line ${commandLine}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Starts a process that does not outlive the test, and returns its pid. */
export function startForTest(argv: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}): number {
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  if (child.pid === undefined) throw new Error(`${program} could not be started`);
  return child.pid;
}

/** Kills the processes that still run with exactly this command line at the end of the test. */
export function notAfterTest(...commandLines: readonly string[]): void {
  onTestFinished(() => {
    for (const pid of commandLines.flatMap(running)) killIfThere(pid);
  });
}

/** Returns the processes that the private hosts of a run have started: all carry its mark. */
export function processesOfPrivateHosts(run: string): readonly number[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const isOf =
        /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`WF_PRIVATE_HOST=${run}@`);
      return isOf ? [Number(pid)] : [];
    } catch {
      return []; // it has ended
    }
  });
}
