import type { Owner } from '../../engine/model/owner.ts';
import type { RunStatus, StoredRun } from '../../engine/ports/history.ts';

/** Whether the process that holds a lease is alive. */
export type IsAlive = (owner: Owner) => boolean;

/**
 * The status of a run as people are told it. `interrupted` is derived: the history says that the run is being
 * advanced, and no living process holds its lease. A run that waits has given its lease up and is not interrupted.
 */
export function runStatus(run: StoredRun, isAlive: IsAlive): RunStatus {
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
