import type { RunId } from '../engine/ids.ts';
import type { StoredRows } from './projection/table-rows.ts';

/** A run whose lease is held: what each append has to know of it. */
export interface HeldRun {
  readonly rows: StoredRows;
  /** That of the lease. */
  readonly fence: number;
  /** The last one of its journal; 0 while it has none. */
  lastSeq: number;
}

/**
 * What a connection knows of the runs whose lease it has seen to be held, so that it need not ask for it with every append. To be
 * relied upon inside a write transaction only: `writeTransactions` empties it at the beginning of one if another connection has
 * committed meanwhile (it may have taken a run over), or if the transaction before was not committed.
 */
export type HeldRuns = Map<RunId, HeldRun>;
