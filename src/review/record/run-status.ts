import type { Owner } from '../../engine/model/identity/owner.ts';
import type { RunStatus, StoredRun } from '../../engine/ports/history.ts';

/** Whether the process that holds a lease is alive. */
export type IsAlive = (owner: Owner) => boolean;

/**
 * Returns the displayed status of a run. `interrupted` is derived: the run is being advanced according to the history, but its owner is
 * dead. A waiting run without an owner is not interrupted.
 */
export function runStatus(run: Pick<StoredRun, 'status' | 'owner'>, isAlive: IsAlive): RunStatus {
  switch (run.status) {
    case 'running':
    case 'rolling-back':
      return run.owner !== null && isAlive(run.owner) ? run.status : 'interrupted';
    case 'waiting':
      return run.owner === null || isAlive(run.owner) ? run.status : 'interrupted';
    default:
      return run.status;
  }
}
