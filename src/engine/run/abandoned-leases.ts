import { WfError } from '../model/errors.ts';
import { type Owner, sameOwner } from '../model/owner.ts';
import type { Clock } from '../ports/clock.ts';
import type { HistoryPort, Lease } from '../ports/history.ts';

/** A lease that could not be given up is tried again this often, at this interval. */
const TRIES = 15;
const INTERVAL_MS = 2_000;

interface LeaseDependencies {
  readonly history: HistoryPort;
  readonly clock: Clock;
  /** This process. */
  readonly owner: Owner;
}

/** Leases that this process holds and whose runs it no longer advances: the database refused to take them back. */
export interface AbandonedLeases {
  /** Gives a lease up, at once or as soon as the database allows it. */
  release(lease: Lease): void;
  /** Whether nobody advances a run with this owner, although the owner is alive. */
  isAbandoned(run: Lease['run'], owner: Owner): boolean;
  /** The run is advanced again, by this process. */
  takenOver(run: Lease['run']): void;
}

export function abandonedLeases(parts: LeaseDependencies): AbandonedLeases {
  const abandoned = new Map<Lease['run'], Lease>();

  function tryToRelease(lease: Lease, left: number): void {
    // The same run may have been taken over, and abandoned, once more.
    if (abandoned.get(lease.run) !== lease) return;
    try {
      parts.history.release(lease);
      abandoned.delete(lease.run);
    } catch (thrown) {
      // Anything else says that the database is closed.
      if (thrown instanceof WfError && left > 0)
        parts.clock.after(INTERVAL_MS, () => tryToRelease(lease, left - 1), true);
    }
  }

  return {
    release(lease) {
      abandoned.set(lease.run, lease);
      tryToRelease(lease, TRIES);
    },
    takenOver: (run) => void abandoned.delete(run),
    isAbandoned: (run, owner) => abandoned.has(run) && sameOwner(owner, parts.owner),
  };
}
