import type { RunId } from '../model/ids.ts';

export interface AcquiredClaims {
  release(): void;
}

/**
 * Claims on names of this host, each for one living process at a time, whatever database it uses. The claims in the history outlive
 * the process; these end with it.
 */
export interface ClaimPort {
  /** Acquires all of them, or none. @throws WfError E_NAME_IN_USE naming the claim and, if it is known, the run that has it */
  acquire(claims: readonly string[], run: RunId): Promise<AcquiredClaims>;
  /**
   * Acquires the run itself. The child of a process that was killed between fork and exec keeps the claim until its exec: this call waits
   * for that up to `waitMs`. After its exec the child carries its mark.
   * @throws WfError E_LEASE_HELD if a living process still has the run
   */
  acquireRun(run: RunId, waitMs: number): Promise<AcquiredClaims>;
}
