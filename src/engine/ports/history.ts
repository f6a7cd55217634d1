import type { Change, Verification } from '../model/change.ts';
import type { ErrorRecord } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { DefinitionHash, PlanId, RunId, StepId } from '../model/ids.ts';
import type { JournalEntry, JournalEvent, RunHeader } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import type { RunRequest } from '../model/request.ts';
import type { SavedPlan, StoredPlan } from '../plan/saved-plan.ts';
import type { Fingerprint } from './fingerprint.ts';

/** The right of one living process to advance a run. Every write carries it; a later lease has a higher fence. */
export interface Lease {
  readonly run: RunId;
  readonly fence: number;
}

/** A lease that was taken over. */
export interface TakenLease extends Lease {
  /** The process that held it: dead, or the one that takes it over; null if it had been released. */
  readonly from: Owner | null;
}

export const STORED_RUN_STATUSES = [
  'running',
  'waiting',
  'paused',
  'unconfirmed',
  'rolling-back',
  'succeeded',
  'failed',
  'rolled-back',
  'needs-attention',
] as const;
/** `interrupted` is derived from the lease, never stored. */
export type StoredRunStatus = (typeof STORED_RUN_STATUSES)[number];
export const RUN_STATUSES = [...STORED_RUN_STATUSES, 'interrupted'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** Whether a run with this status has ended. */
export function isEnd(status: RunStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'rolled-back' || status === 'needs-attention';
}

/** A run in the history. */
export interface StoredRun extends RunHeader {
  readonly status: StoredRunStatus;
  /** The holder of the lease; null if there is none. */
  readonly owner: Owner | null;
  readonly fence: number;
  /** When the machine made its first decision. */
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  /** Number of changes in place on this host (`isInPlace`); 0 for an imported run. */
  readonly changesInPlace: number;
  /** The machine from which the run was imported; null for a run of this history. */
  readonly importedFrom: string | null;
  /** Whether the run has failed, and a request to retry it has no answer yet: a resume then retries it. */
  readonly isRetryDue: boolean;
  /** The run that started this one anew; null if none did. */
  readonly retriedAs: RunId | null;
}

export const STEP_STATUSES = ['running', 'retrying', 'succeeded', 'failed', 'stopped'] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** A step in the history: derived from the journal in the transaction that appends to it. */
export interface StoredStep {
  readonly id: StepId;
  readonly stage: string;
  readonly kind: string;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
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

/** A change with the id of its run. */
export interface ChangeOfRun extends Change {
  readonly run: RunId;
}

/** The content of one commit. */
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
  /** Lists the runs that are newer than this one, oldest first. */
  readonly after?: RunId;
}

/**
 * The durable memory of all runs. Every method but `groupedCommit` is synchronous and one transaction; when it returns, what it
 * wrote is on disk. Two processes on the same file are the normal case.
 * @throws WfError E_DATABASE*, E_DISK_FULL from every method.
 */
export interface HistoryPort {
  /**
   * Commits the writes that `work` makes by the other methods, in one transaction with all other requests of the same turn of the event
   * loop: concurrent runs wait for the disk once. The promise resolves after the commit. An error of `work` undoes its own writes only,
   * and rejects its own promise only. `work` may run more than once.
   */
  groupedCommit<Answer>(work: () => Answer): Promise<Answer>;
  /**
   * Creates a run with its lease and its claims, and marks the plan of its options as used: all or nothing. A run that starts another one
   * anew answers the requests for that.
   * @param alone whether to refuse while another run of the workflow has not ended
   * @throws WfError E_RUN_EXISTS; E_WORKFLOW_RUNNING; E_NAME_IN_USE naming the run that holds one of the claims; E_PLAN_USED,
   * E_PLAN_NOT_FOUND; E_REQUEST_REFUSED if the other run was started anew already, or is not rolled back
   */
  create(
    header: RunHeader,
    definition: Json,
    owner: Owner,
    claims: readonly string[],
    at: number,
    alone?: boolean,
  ): Lease;
  /**
   * Appends to the journal and updates runs, steps and changes. Ending a run releases its lease, and its claims if none of its changes
   * needs undoing.
   * @throws WfError E_LEASE_LOST if the run has another lease: nothing was written
   */
  append(lease: Lease, batch: Batch, at: number): readonly JournalEntry[];
  /**
   * Takes over a run that nobody advances: its owner is dead, or has released the lease. The fence rises, so that an earlier owner that
   * wakes writes nothing more. The holder of a lease may take over its own run.
   * @throws WfError E_LEASE_HELD naming the living owner; E_RUN_NOT_FOUND; E_RUN_IMPORTED
   */
  takeOver(run: RunId, owner: Owner, isAlive: (owner: Owner) => boolean, own?: Lease): TakenLease;
  /** Claims names for a leased run that has ended and continues. @throws WfError E_NAME_IN_USE, E_LEASE_LOST */
  claim(lease: Lease, claims: readonly string[]): void;
  /** Whether the lease is valid: false as soon as another process has taken the run over. */
  holds(lease: Lease): boolean;
  /** Releases the lease of a run that has not ended (it waits, is paused, or was interrupted). */
  release(lease: Lease): void;
  /**
   * Stores a request, which the process that advances the run answers. Needs no lease. Returns its number.
   * @throws WfError E_RUN_NOT_FOUND, E_RUN_IMPORTED
   */
  request(run: RunId, request: RunRequest, at: number): number;
  /**
   * Refuses a request to a run that no process advances. Returns false, and does nothing, if the request has an answer or the run has a
   * living owner.
   */
  refuse(run: RunId, request: number, error: ErrorRecord, at: number, isAlive: (owner: Owner) => boolean): boolean;
  /** Returns the requests of all runs that have no answer yet, oldest first. */
  openRequests(): readonly { readonly run: RunId; readonly number: number }[];
  /** Returns a number that changes with each commit of another connection to the same file. */
  dataVersion(): number;
  run(id: RunId): StoredRun | undefined;
  /** Newest first, unless `after` is given. */
  runs(filter: RunFilter): readonly StoredRun[];
  /** Returns the runs that have not ended, or are due for a retry, without imported ones, newest first. */
  unfinishedRuns(): readonly StoredRun[];
  /** Returns the claims of a run, as they were passed to `create`. */
  claimsOf(run: RunId): readonly string[];
  /** Returns the ids that start with `prefix`, newest first, at most `limit`. */
  runIds(prefix: string, limit: number): readonly RunId[];
  /** Returns the journal of a run from the entry after the seq `after`, at most `limit` entries. */
  journal(id: RunId, after?: number, limit?: number): readonly JournalEntry[];
  steps(id: RunId): readonly StoredStep[];
  changes(id: RunId): readonly Change[];
  /** Returns the changes of all runs that are in place on this host (`isInPlace`), oldest run first, without those of imported runs. */
  changesInPlace(): readonly ChangeOfRun[];
  /** Returns evidence in the order of its commits, without the first `after` pieces of the run. */
  evidence(id: RunId, step?: StepId, after?: number): readonly StoredEvidence[];
  /** Returns the last verification. */
  verification(id: RunId): Verification | undefined;
  definition(hash: DefinitionHash): Json | undefined;
  /** Stores the definition under which a run is resumed (`definition.accepted`); equal ones are stored once. */
  putDefinition(hash: DefinitionHash, definition: Json, at: number): void;
  /** Stores a plan with its definition. */
  putPlan(plan: SavedPlan, definition: Json): void;
  plan(id: PlanId): StoredPlan | undefined;
  /** Returns the plans, newest first; all of them without a limit. With `before`, those older than this one; none if it does not exist. */
  plans(limit?: number, before?: PlanId): readonly StoredPlan[];
  /** Stores a fingerprint and returns its SHA-256; equal ones are stored once. */
  putFingerprint(fingerprint: Fingerprint): string;
  fingerprint(hash: string): Fingerprint | undefined;
  /**
   * Frees the disk space that is reserved beside the database, so that a rollback can be journaled on a full disk. The next
   * `openHistory` that finds room creates a new reserve. Returns false if there was none.
   */
  freeReserve(): boolean;
  close(): void;
}
