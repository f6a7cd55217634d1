import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { WfError } from '../../../engine/model/errors.ts';
import type { Owner } from '../../../engine/model/owner.ts';
import { pause, systemClock } from '../../../host/machine/clock.ts';
import { errnoOf } from '../../../host/machine/errno.ts';
import { allPids, isAlive, isDead, processStat } from '../../../host/processes/process.ts';

const POLL_MS = 2;
/** The kernel ends hundreds of processes within milliseconds; this is for a machine that is all but stuck. */
const LIMIT_MS = 20_000;

/**
 * Ends a private host by its first process, and with it all that is in there: the kernel kills the other processes, and takes
 * links, namespaces and mounts away. Succeeds where it has ended already.
 * @throws WfError E_PERMISSION where it is somebody else's; E_RESIDUE where something of it stays.
 */
export async function endPrivateHost(owner: Owner): Promise<void> {
  // Held open, its number is no other namespace's meanwhile.
  const pids = openPids(owner);
  if (pids === undefined) return;
  try {
    const { ino } = fstatSync(pids);
    if (!isAlive(owner)) return;
    const first = [owner, ...starterOf(owner)];
    kill(owner);
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const alive = first.filter(isAlive).map(({ pid }) => pid);
      // The whole machine is only searched once the first process has gone, and all others with it.
      const left = alive.length > 0 ? alive : allPids().filter((pid) => runsIn(pid, ino));
      if (left.length === 0) return;
      if (waitedMs >= LIMIT_MS) throw stays(owner, left);
      await pause(systemClock, POLL_MS);
    }
  } finally {
    closeSync(pids);
  }
}

/** The `unshare` that waits for the end of the first process, outside of its PID namespace, and ends after it. */
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
    return undefined; // it has ended
  }
}

/** The pid namespace of a process; undefined where it has ended. */
function openPids({ pid }: Owner): number | undefined {
  try {
    return openSync(`/proc/${pid}/ns/pid`, 'r');
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ESRCH') return undefined;
    throw mayNotEnd(pid, thrown);
  }
}

function runsIn(pid: number, namespace: number): boolean {
  try {
    if (statSync(`/proc/${pid}/ns/pid`).ino !== namespace) return false;
  } catch {
    // It has ended meanwhile, or is another user's: this user may look at all of his own.
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
    throw mayNotEnd(pid, thrown);
  }
}

function mayNotEnd(pid: number, cause: unknown): WfError {
  return new WfError('E_PERMISSION', `the private host with the first process ${pid} may not be ended`, {
    hint: 'Another user started it: run wf as that user.',
    cause,
  });
}

function stays({ pid }: Owner, pids: readonly number[]): WfError {
  return new WfError(
    'E_RESIDUE',
    `the private host with the first process ${pid} does not end: processes ${pids.join(', ')}`,
    {
      hint: `Look at them with \`ps -fp ${pids.join(',')}\`; end them with \`kill -KILL ${pids.join(' ')}\`.`,
      details: { pids },
    },
  );
}
