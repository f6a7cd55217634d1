import type { Change, Verification } from '../model/change.ts';
import type { ErrorRecord } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { DefinitionHash, RunId, StepId } from '../model/ids.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import type { Owner } from '../model/owner.ts';
import type { Fingerprint } from './fingerprint.ts';

/** The right of one living process to advance a run. Every write carries it; a later lease has a higher fence. */
export interface Lease {
  readonly run: RunId;
  readonly fence: number;
}

export const STORED_RUN_STATUSES = [
  'running',
  'waiting',
  'paused',
  'rolling-back',
  'succeeded',
  'failed',
  'rolled-back',
  'needs-attention',
] as const;
/** `interrupted` is derived from the lease, never stored. */
export type StoredRunStatus = (typeof STORED_RUN_STATUSES)[number];
export type RunStatus = StoredRunStatus | 'interrupted';

/** Whether a run with this status has come to one of its ends. */
export function isEnd(status: RunStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'rolled-back' || status === 'needs-attention';
}

/** A run as the history holds it. */
export interface StoredRun extends RunHeader {
  readonly status: StoredRunStatus;
  /** Who holds the lease; null when nobody does. */
  readonly owner: Owner | null;
  readonly fence: number;
  /** When the machine made its first decision. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  /** Changes in place on this host (`isInPlace`); 0 of a run that was imported. */
  readonly changesInPlace: number;
  /** The machine on which the run took place, where it was imported from there; null for a run of this history. */
  readonly importedFrom: string | null;
}

export const STEP_STATUSES = ['running', 'retrying', 'succeeded', 'failed', 'stopped'] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** A step as the history holds it: derived from the journal in the transaction that appends to it. */
export interface StoredStep {
  readonly id: StepId;
  readonly stage: string;
  readonly kind: string;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
}

export interface StoredEvidence extends Evidence {
  readonly step: StepId;
  readonly attempt: number;
}

/** A change that may still stand on the host, and whose it is. */
export interface ChangeOfRun extends Change {
  readonly run: RunId;
}

/** All that one commit makes durable. */
export interface Batch {
  readonly events: readonly JournalEvent[];
  readonly evidence?: readonly StoredEvidence[];
}

export interface RunFilter {
  readonly workflow?: string;
  readonly status?: StoredRunStatus;
  /** Runs that were created at this moment or later; milliseconds since the epoch. */
  readonly since?: number;
  /** Runs that were created before this moment; milliseconds since the epoch. */
  readonly until?: number;
  readonly limit: number;
  /** Continues a list: runs that are older than this one. */
  readonly before?: RunId;
}

/**
 * The durable memory of all runs. Every method but `groupedCommit` is synchronous and one transaction; when it returns, what it
 * wrote is on disk. Two processes on the same file are the normal case.
 * @throws WfError E_DATABASE*, E_DISK_FULL from every method.
 */
export interface HistoryPort {
  /**
   * Commits what `work` writes by the other methods, in one transaction with all that is asked for in the same turn of the event
   * loop: runs that are advanced side by side wait for the disk once. When the promise comes, that commit has returned. What one
   * `work` throws undoes its own writes only, and is told to its caller only. It may be carried out more than once.
   */
  groupedCommit<Answer>(work: () => Answer): Promise<Answer>;
  /**
   * Creates a run with its lease and its claims, all or nothing.
   * @throws WfError E_RUN_EXISTS; E_NAME_IN_USE naming the run that holds one of the claims and what to do about it.
   */
  create(header: RunHeader, definition: Json, owner: Owner, claims: readonly string[], at: number): Lease;
  /**
   * Appends to the journal and brings runs, steps and changes in line with it. Ending a run gives up its lease, and its
   * claims when no change of it stands.
   * @throws WfError E_LEASE_LOST when the lease is no longer the run's: nothing was written.
   */
  append(lease: Lease, batch: Batch, at: number): readonly JournalEntry[];
  /**
   * Takes a run over that nobody advances: its owner is dead, or gave the lease up. The fence rises, so that an earlier
   * owner that wakes writes nothing more. The holder of a lease may take its own run over.
   * @throws WfError E_LEASE_HELD naming the living owner; E_RUN_NOT_FOUND; E_RUN_IMPORTED: nobody advances that one here.
   */
  takeOver(run: RunId, owner: Owner, isAlive: (owner: Owner) => boolean, own?: Lease): Lease;
  /** Whether the lease is still the run's: false as soon as another process has taken the run over. */
  holds(lease: Lease): boolean;
  /** Gives up the lease without an end (a run that waits, is paused, or was asked to stop). */
  release(lease: Lease): void;
  /** The run, or undefined. */
  run(id: RunId): StoredRun | undefined;
  /** Newest first. */
  runs(filter: RunFilter): readonly StoredRun[];
  /** Runs of this history (none that was imported) that have not come to an end, whoever advances them; newest first. */
  unfinishedRuns(): readonly StoredRun[];
  /** What the run claimed when it was created, as it was given to `create`. */
  claimsOf(run: RunId): readonly string[];
  /** Ids that start with `prefix`, newest first, at most `limit`. */
  runIds(prefix: string, limit: number): readonly RunId[];
  /** From sequence number `after` (exclusive) on. */
  journal(id: RunId, after?: number): readonly JournalEntry[];
  steps(id: RunId): readonly StoredStep[];
  changes(id: RunId): readonly Change[];
  /** Those of all runs that are in place on this host (`isInPlace`), oldest run first; none of imported ones. */
  changesInPlace(): readonly ChangeOfRun[];
  /** In the order in which it was committed, without the first `after` pieces of the run. */
  evidence(id: RunId, step?: StepId, after?: number): readonly StoredEvidence[];
  /** The last verification, or undefined. */
  verification(id: RunId): Verification | undefined;
  definition(hash: DefinitionHash): Json | undefined;
  /** Keeps a definition that a run goes on under (`definition.accepted`); equal ones are kept once. */
  putDefinition(hash: DefinitionHash, definition: Json, at: number): void;
  /** Keeps a fingerprint; equal ones are kept once. Answers its SHA-256. */
  putFingerprint(fingerprint: Fingerprint): string;
  fingerprint(hash: string): Fingerprint | undefined;
  /**
   * Gives up the disk space that is kept in reserve beside the database, so that what undoes can still be journaled on a full
   * disk. The next `openHistory` that finds room keeps a new reserve. False where there was none (left).
   */
  freeReserve(): boolean;
  close(): void;
}
