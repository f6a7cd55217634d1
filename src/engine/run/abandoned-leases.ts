import { WfError } from '../model/errors.ts';
import { type Owner, sameOwner } from '../model/identity/owner.ts';
import type { Clock } from '../ports/clock.ts';
import type { HistoryPort, Lease } from '../ports/history.ts';

/** Number of tries to release a lease, and the interval between them. */
const TRIES = 15;
const INTERVAL_MS = 2_000;

interface LeaseDependencies {
  readonly history: HistoryPort;
  readonly clock: Clock;
  /** This process. */
  readonly owner: Owner;
}

/** Leases that this process still holds, although it does not advance their runs: the database refused to release them. */
export interface AbandonedLeases {
  /** Releases a lease, at once or as soon as the database allows it. */
  release(lease: Lease): void;
  /** Whether a run with this owner is not advanced although the owner is alive. */
  isAbandoned(run: Lease['run'], owner: Owner): boolean;
  /** Records that this process advances the run again. */
  takenOver(run: Lease['run']): void;
}

export function abandonedLeases(dependencies: LeaseDependencies): AbandonedLeases {
  const abandoned = new Map<Lease['run'], Lease>();

  function tryToRelease(lease: Lease, left: number): void {
    // The same run may have been taken over and abandoned again.
    if (abandoned.get(lease.run) !== lease) return;
    try {
      dependencies.history.release(lease);
      abandoned.delete(lease.run);
    } catch (thrown) {
      // Any other error means that the database is closed.
      if (thrown instanceof WfError && left > 0)
        dependencies.clock.after(INTERVAL_MS, () => tryToRelease(lease, left - 1), true);
    }
  }

  return {
    release(lease) {
      abandoned.set(lease.run, lease);
      tryToRelease(lease, TRIES);
    },
    takenOver: (run) => void abandoned.delete(run),
    isAbandoned: (run, owner) => abandoned.has(run) && sameOwner(owner, dependencies.owner),
  };
}
