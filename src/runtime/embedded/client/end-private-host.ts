import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { WfError } from '../../../engine/model/errors.ts';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import { pause } from '../../../engine/ports/clock.ts';
import { systemClock } from '../../../host/machine/clock.ts';
import { errnoOf } from '../../../host/machine/errno.ts';
import { allPids, isAlive, isDead, processStat } from '../../../host/processes/process.ts';

const POLL_MS = 2;
/** The kernel ends hundreds of processes within milliseconds; the rest is for an overloaded machine. */
const LIMIT_MS = 20_000;

/**
 * Ends a private host through its first process: the kernel then kills its other processes and removes its links, namespaces and
 * mounts. Succeeds if it has ended already.
 * @throws WfError E_PERMISSION if it belongs to another user; E_RESIDUE if processes of it remain.
 */
export async function endPrivateHost(owner: Owner): Promise<void> {
  // Keeps the namespace open, so that its inode is not reused meanwhile.
  const pids = openPids(owner);
  if (pids === undefined) return;
  try {
    const { ino } = fstatSync(pids);
    if (!isAlive(owner)) return;
    const first = [owner, ...starterOf(owner)];
    kill(owner);
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const alive = first.filter(isAlive).map(({ pid }) => pid);
      // Searches the whole machine only once the first process is gone, and all others with it.
      const left = alive.length > 0 ? alive : allPids().filter((pid) => runsIn(pid, ino));
      if (left.length === 0) return;
      if (waitedMs >= LIMIT_MS) throw doesNotEnd(owner, left);
      await pause(systemClock, POLL_MS);
    }
  } finally {
    closeSync(pids);
  }
}

/** Returns the `unshare` that waits for the first process outside its PID namespace, and ends after it. */
function starterOf({ pid, bootId }: Owner): readonly Owner[] {
  const parent = processStat(pid)?.parent;
  const stat = parent === undefined ? undefined : processStat(parent);
  if (parent === undefined || stat === undefined || nameOf(parent) !== 'unshare') return [];
  return [{ pid: parent, startTime: stat.startTime, bootId }];
}

function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return undefined; // ended
  }
}

/** Opens the pid namespace of a process; undefined if the process has ended. */
function openPids({ pid }: Owner): number | undefined {
  try {
    return openSync(`/proc/${pid}/ns/pid`, 'r');
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ESRCH') return undefined;
    throw endForbidden(pid, thrown);
  }
}

function runsIn(pid: number, namespace: number): boolean {
  try {
    if (statSync(`/proc/${pid}/ns/pid`).ino !== namespace) return false;
  } catch {
    // The process has ended, or belongs to another user: this user may inspect all of its own processes.
    return false;
  }
  const stat = processStat(pid);
  return stat !== undefined && !isDead(stat);
}

function kill({ pid }: Owner): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (thrown) {
    if (errnoOf(thrown) === 'ESRCH') return;
    throw endForbidden(pid, thrown);
  }
}

function endForbidden(pid: number, cause: unknown): WfError {
  return new WfError('E_PERMISSION', `permission denied to end the private host with the first process ${pid}`, {
    hint: 'Run wf as the user who started it.',
    cause,
  });
}

function doesNotEnd({ pid }: Owner, pids: readonly number[]): WfError {
  return new WfError(
    'E_RESIDUE',
    `the private host with the first process ${pid} does not end: processes ${pids.join(', ')}`,
    {
      hint: `Inspect them with \`ps -fp ${pids.join(',')}\`; end them with \`kill -KILL ${pids.join(' ')}\`.`,
      details: { pids },
    },
  );
}
