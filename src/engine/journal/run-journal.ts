import type { Change, Verification } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import type { Clock } from '../ports/clock.ts';
import { type CrashPoints, NO_CRASH_POINTS } from '../ports/crash-points.ts';
import type { Fingerprint } from '../ports/fingerprint.ts';
import type { HistoryPort, Lease, StoredEvidence } from '../ports/history.ts';
import type { RunObserver } from '../run/engine.ts';
import { redactedEvent, redactedEvidence } from '../secrets/redact.ts';
import { NO_SECRETS, type Secrets } from '../secrets/secrets.ts';
import { FACETS, type Facet } from '../workflow/facets.ts';
import { ledgerAfter } from './ledger-events.ts';
import { whileLocked } from './while-locked.ts';

/** The fingerprint from before the first change. */
export interface Baseline {
  /** SHA-256 of the fingerprint. */
  readonly hash: string;
  /** The boot during which it was taken. */
  readonly boot: string | undefined;
  /** The facets in which a step of the workflow may alter more than it records. */
  readonly arbitrary: readonly Facet[];
}

/** The journal of one run that is being advanced, with the facts that the engine needs from it. */
export interface RunJournal {
  /**
   * Commits events and evidence, redacted, in one transaction (which other runs of this process may share), then notifies the observer.
   * The caller does nothing that the events announce before the promise resolves.
   * @param at the time of a decision among them, so that its replay computes the same deadlines; now if absent
   * @throws WfError E_LEASE_LOST, E_DATABASE*, E_DISK_FULL; nothing was written
   */
  append(events: readonly JournalEvent[], evidence?: readonly StoredEvidence[], at?: number): Promise<void>;
  /**
   * Commits events unless `isOvertaken`, called inside the transaction, returns true. Returns whether it did.
   * @throws WfError as `append`
   */
  appendUnless(isOvertaken: () => boolean, events: readonly JournalEvent[]): Promise<boolean>;
  /** Stores a fingerprint and returns its SHA-256; null if the disk is full and that is tolerated. */
  keepFingerprint(fingerprint: Fingerprint): Promise<string | null>;
  /** Returns a new seq for a change that is about to be intended. */
  newChangeSeq(): number;
  /**
   * Lets the run continue on a full disk from now on: the journal uses the reserve first, then keeps events in memory only. Undoing
   * needs only the intents, which are durable already.
   */
  tolerateFullDisk(): void;
  /** Returns the error with which the history refused events, which are then only in memory; undefined while all are durable. */
  unrecorded(): WfError | undefined;
  /**
   * Returns why this process cannot advance the run any further: the history fails, or another process has taken the run over. A step
   * that fails for this reason does not count as failed: a resume begins it again. Undefined if there is no such reason.
   */
  trouble(): WfError | undefined;
  /** Records such an error that occurred outside of the journal. */
  noteTrouble(error: unknown): void;
  changes(): readonly Change[];
  /** Returns when a change was intended (ms since the epoch), and whether an undo of it has begun and not ended. */
  historyOf(seq: number): { readonly intendedAt: number; readonly undoBegun: boolean };
  /** Returns the fingerprint from before the first change; undefined while there is none. */
  baseline(): Baseline | undefined;
  /** Returns the last verification by this process, unless it has made or undone a change since. */
  verification(): Verification | undefined;
}

interface RunJournalDependencies {
  readonly history: HistoryPort;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly crashPoints: CrashPoints;
  readonly observer: RunObserver;
  readonly secrets: Secrets;
}

/** Opens the journal of a run. @param earlier its entries so far */
export function openRunJournal(
  dependencies: RunJournalDependencies,
  earlier: readonly JournalEntry[] = [],
): RunJournal {
  return new OpenRunJournal(dependencies, earlier);
}

/** A class: closures would cost twelve more objects for each run. */
class OpenRunJournal implements RunJournal {
  readonly #dependencies: RunJournalDependencies;
  /** By seq. Created lazily, like the next map. */
  #intendedAt: Map<number, number> | undefined;
  #undoBegun: Set<number> | undefined;
  #changes: readonly Change[] = [];
  #lastChangeSeq = 0;
  #baseline: Baseline | undefined;
  /** The boot of the process that advances the run. */
  #boot: string | undefined;
  #verification: Verification | undefined;
  #toleratesFullDisk = false;
  #refusal: WfError | undefined;
  #trouble: WfError | undefined;

  constructor(dependencies: RunJournalDependencies, earlier: readonly JournalEntry[]) {
    this.#dependencies = dependencies;
    for (const { event, at } of earlier) this.#track(event, at);
    // The host may have changed since an earlier process verified it.
    this.#verification = undefined;
  }

  async append(
    given: readonly JournalEvent[],
    evidence: readonly StoredEvidence[] = [],
    at = this.#dependencies.clock.now(),
  ): Promise<void> {
    await this.#append(given, evidence, at, NEVER);
  }

  appendUnless(isOvertaken: () => boolean, events: readonly JournalEvent[]): Promise<boolean> {
    return this.#append(events, [], this.#dependencies.clock.now(), isOvertaken);
  }

  #append(
    given: readonly JournalEvent[],
    evidence: readonly StoredEvidence[],
    at: number,
    isOvertaken: () => boolean,
  ): Promise<boolean> {
    const { history, lease, secrets } = this.#dependencies;
    const redacts = secrets !== NO_SECRETS;
    const events = redacts ? given.map((event) => redactedEvent(event, secrets)) : given;
    const stored = redacts ? evidence.map((seen) => redactedEvidence(seen, secrets)) : evidence;
    this.#reachAll('before', events);
    const write = () => (isOvertaken() ? null : history.append(lease, { events, evidence: stored }, at));
    return this.#written(write).then((entries) => {
      if (entries !== null) this.#committed(events, entries, at);
      return entries !== null;
    });
  }

  async keepFingerprint(fingerprint: Fingerprint): Promise<string | null> {
    const { history, clock } = this.#dependencies;
    for (;;) {
      try {
        return await whileLocked(clock, () => history.putFingerprint(fingerprint));
      } catch (thrown) {
        if (this.#onFullDisk(thrown) === 'skip') return null;
      }
    }
  }

  newChangeSeq(): number {
    this.#lastChangeSeq += 1;
    return this.#lastChangeSeq;
  }

  tolerateFullDisk(): void {
    this.#toleratesFullDisk = true;
  }

  unrecorded(): WfError | undefined {
    return this.#refusal;
  }

  trouble(): WfError | undefined {
    return this.#trouble;
  }

  noteTrouble(error: unknown): void {
    // A full disk is no such error: the run can still be rolled back.
    if (!isFullDisk(error)) this.#trouble ??= asWfError(error);
  }

  changes(): readonly Change[] {
    return this.#changes;
  }

  historyOf(seq: number): { readonly intendedAt: number; readonly undoBegun: boolean } {
    return { intendedAt: this.#intendedAt?.get(seq) ?? 0, undoBegun: this.#undoBegun?.has(seq) ?? false };
  }

  baseline(): Baseline | undefined {
    return this.#baseline;
  }

  verification(): Verification | undefined {
    return this.#verification;
  }

  #committed(events: readonly JournalEvent[], entries: readonly JournalEntry[], at: number): void {
    this.#reachAll('after', events);
    for (const event of events) this.#track(event, at);
    for (const entry of entries) this.#dependencies.observer.committed?.(entry);
  }

  /** Returns no entries if the disk is full and that is tolerated. */
  async #written<Entries extends readonly JournalEntry[] | null>(write: () => Entries): Promise<Entries | readonly []> {
    const { history, clock } = this.#dependencies;
    for (;;) {
      try {
        return await whileLocked(clock, () => history.groupedCommit(write));
      } catch (thrown) {
        this.noteTrouble(thrown);
        if (this.#onFullDisk(thrown) === 'skip') return [];
      }
    }
  }

  #track(event: JournalEvent, at: number): void {
    switch (event.type) {
      case 'change.intended': {
        const { seq } = event.change;
        this.#intendedAt ??= new Map();
        this.#intendedAt.set(seq, at);
        this.#lastChangeSeq = Math.max(this.#lastChangeSeq, seq);
        this.#undoBegun?.delete(seq);
        break;
      }
      case 'change.reverting':
        this.#undoBegun ??= new Set();
        this.#undoBegun.add(event.seq);
        break;
      case 'change.settled':
        this.#undoBegun?.delete(event.seq);
        break;
      case 'change.applied':
        break;
      case 'baseline.taken':
        this.#baseline = { hash: event.fingerprint, boot: this.#boot, arbitrary: event.arbitrary ?? FACETS };
        return;
      case 'lease.taken':
        this.#boot = event.owner.bootId;
        return;
      case 'verified':
        this.#verification = event.verification;
        return;
      default:
        return;
    }
    this.#changes = ledgerAfter(this.#changes, event);
    this.#verification = undefined;
  }

  /** Decides how to continue on a full disk: retry with the freed reserve, or skip the write. Rethrows any other error. */
  #onFullDisk(thrown: unknown): 'retry' | 'skip' {
    if (!this.#toleratesFullDisk || !isFullDisk(thrown)) throw thrown;
    if (this.#dependencies.history.freeReserve()) return 'retry';
    this.#refusal = thrown;
    return 'skip';
  }

  #reachAll(side: 'before' | 'after', events: readonly JournalEvent[]): void {
    const { crashPoints } = this.#dependencies;
    if (crashPoints === NO_CRASH_POINTS) return;
    for (const event of events) crashPoints.reach(`${side} commit ${nameOf(event)}`);
  }
}

const NEVER = () => false;

/** Whether the history refused a write because the disk is full. */
export function isFullDisk(thrown: unknown): thrown is WfError {
  return thrown instanceof WfError && thrown.code === 'E_DISK_FULL';
}

/** Returns the name of an event in crash points. */
function nameOf(event: JournalEvent): string {
  const about = 'step' in event ? event.step : 'seq' in event ? `change ${event.seq}` : undefined;
  if (event.type === 'decided') return `decided ${event.event?.type ?? 'start'}`;
  if (event.type === 'change.intended') return `change.intended change ${event.change.seq}`;
  return about === undefined ? event.type : `${event.type} ${about}`;
}
