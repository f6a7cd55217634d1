import { WfError } from '../../engine/model/errors.ts';
import { parseRunId, type RunId } from '../../engine/model/ids.ts';
import type { ClaimPort } from '../../engine/ports/claims.ts';
import { pause } from '../../engine/ports/clock.ts';
import { leaseHeld } from '../../engine/run/run-refusal.ts';
import { systemClock } from '../machine/clock.ts';
import { ownNetworkNamespace } from '../namespaces/namespace.ts';
import { isDead, isOwnPidNamespace, ownPidNamespace, processStat } from '../processes/process.ts';
import { announceRun, isAnnounced } from './announced-runs.ts';
import { isHolder, type LockHandle, lockHolder, takeLock } from './lock.ts';
import type { LockHolder } from './lock-table.ts';

const POLL_MS = 10;

/** Claims as locks of this user. Names are unique in the network namespace that wf runs in; run ids on the whole machine. */
export const lockedClaims: ClaimPort = {
  async acquire(claims, run) {
    const locks: LockHandle[] = [];
    const release = () => {
      for (const lock of locks.splice(0)) lock.release();
    };
    try {
      const scope = claims.length === 0 ? 0 : ownNetworkNamespace().inode;
      // Sorted, so that of two processes that want the same names, the one that gets the first name gets all.
      for (const claim of [...new Set(claims)].sort()) {
        const taken = await takeLock(`netns:${scope} ${claim}`, run);
        if (isHolder(taken)) throw inUse(claim, parseRunId(taken.run) ?? null);
        locks.push(taken);
      }
    } catch (thrown) {
      release();
      throw thrown;
    }
    return { release };
  },

  async acquireRun(run, waitMs) {
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      const taken = await takeLock(runLock(run), run);
      if (!isHolder(taken)) return announced(taken, run);
      // A forked child of a killed wf may keep the lock until it calls execve.
      if (isRunning(taken) || waitedMs >= waitMs) throw runHeld(run, taken);
      await pause(systemClock, POLL_MS);
    }
  },
};

/**
 * Returns whether a live process, stopped ones included, of any user and with any database advances a run.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export async function isRunActive(run: RunId): Promise<boolean> {
  return isAnnounced(run) || (await lockHolder(runLock(run))) !== null;
}

/** Announces the run as well, because other users cannot see the lock. */
async function announced(lock: LockHandle, run: RunId): Promise<LockHandle> {
  try {
    const withdraw = await announceRun(run);
    return {
      release() {
        withdraw();
        lock.release();
      },
    };
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

const runLock = (run: RunId): string => `run ${run}`;

function inUse(claim: string, holder: RunId | null): WfError {
  const by = holder === null ? 'another run' : `run ${holder}`;
  return new WfError('E_NAME_IN_USE', `${claim} is claimed by ${by}, which is active on this host`, {
    hint: 'Wait for that run to end, or choose other names (for the lab: `--input prefix=...`).',
    details: { claim, run: holder },
  });
}

function runHeld(run: RunId, holder: LockHolder): WfError {
  const stat = holderStat(holder);
  if (stat !== undefined && stat.state !== 'T') return leaseHeld(run, holder, ownPidNamespace());
  const by =
    stat === undefined
      ? 'a process of another PID namespace, or one that is starting'
      : `process ${holder.pid}, which was stopped`;
  return new WfError('E_LEASE_HELD', `run ${run} is being advanced by ${by}`, {
    hint:
      stat === undefined
        ? 'Work where that process runs, or wait for its end.'
        : `Continue it with \`kill -CONT ${holder.pid}\`, or kill it.`,
    details: { run, pid: stat === undefined ? null : holder.pid },
  });
}

/**
 * Returns whether the process that took the lock still runs. If this PID namespace does not show it, its liveness socket decides.
 */
function isRunning(holder: LockHolder): boolean {
  return !isOwnPidNamespace(holder.pidNamespace) || holderStat(holder) !== undefined;
}

/** Undefined if it is dead or not visible from this PID namespace. */
function holderStat({ pid, startTime, pidNamespace }: LockHolder) {
  const stat = isOwnPidNamespace(pidNamespace) ? processStat(pid) : undefined;
  return stat?.startTime === startTime && !isDead(stat) ? stat : undefined;
}
