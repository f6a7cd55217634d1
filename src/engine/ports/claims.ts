import type { RunId } from '../ids.ts';

/** Claims that are held. */
export interface HeldClaims {
  release(): void;
}

/**
 * Claims on names of this host that one living process at a time may hold, whatever database it works with. The history's
 * claims outlive the process; these end with it.
 */
export interface ClaimPort {
  /** Holds all of them, or none. @throws WfError E_NAME_IN_USE naming the claim and, where it answers, the run that holds it. */
  hold(claims: readonly string[], run: RunId): Promise<HeldClaims>;
}
