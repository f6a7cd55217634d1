import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';

/** A pid namespace whose first process has closed its files but cannot end until it is released. */
export interface HalfEnded {
  release(): Promise<void>;
}

/**
 * Kills the first process of a pid namespace, and keeps it from ending: the kernel lets it end only when all others in the
 * namespace are reaped, and one of them has a stopped parent outside. Sometimes returns undefined, if /proc shows the process as
 * ended: its last thread waits, and that must be the one that represents the process there.
 */
export async function endHalfway(first: number): Promise<HalfEnded | undefined> {
  const parent = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'nsenter', `--pid=/proc/${first}/ns/pid`, '--', 'sleep', 'infinity'],
    { stdio: 'ignore' },
  );
  const ended = once(parent, 'exit');
  await until(() => readFileSync(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8') !== '');
  parent.kill('SIGSTOP');
  const release = async () => {
    parent.kill('SIGCONT');
    await ended;
  };
  // On one processor, on which that thread runs after all others.
  const [processor = '0'] = (/^Cpus_allowed_list:\s*(\d+)/m.exec(statusOf(first)) ?? []).slice(1);
  await execa('taskset', ['--all-tasks', '--cpu-list', '--pid', processor, String(first)]);
  await execa('chrt', ['--idle', '--pid', '0', String(first)]);
  process.kill(first, 'SIGKILL');
  const hasEnded = () => /^State:\s+[ZX]/m.test(statusOf(first));
  await until(() => hasEnded() || readdirSync(`/proc/${first}/task`).length === 1);
  if (hasEnded()) {
    await release();
    return undefined;
  }
  await execa('chrt', ['--other', '--pid', '0', String(first)]);
  await until(() => !/^State:\s+R/m.test(statusOf(first)));
  return { release };
}

function statusOf(pid: number): string {
  return readFileSync(`/proc/${pid}/status`, 'utf8');
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}
