import type { RunId } from '../model/ids.ts';

/** Claims that are held. */
export interface AcquiredClaims {
  release(): void;
}

/**
 * Claims on names of this host that one living process at a time may hold, whatever database it works with. The history's
 * claims outlive the process; these end with it.
 */
export interface ClaimPort {
  /** Holds all of them, or none. @throws WfError E_NAME_IN_USE naming the claim and, where it answers, the run that holds it. */
  acquire(claims: readonly string[], run: RunId): Promise<AcquiredClaims>;
  /**
   * Holds the run itself. A process that was killed while it started a child leaves, for an instant, a copy of itself that holds on:
   * up to `waitMs` it is waited for. What the child then runs carries its mark.
   * @throws WfError E_LEASE_HELD where a living process holds the run still.
   */
  acquireRun(run: RunId, waitMs: number): Promise<AcquiredClaims>;
}
