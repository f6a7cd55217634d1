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
  /** The facets in which a step of the workflow may alter more than its record tells. */
  readonly arbitrary: readonly Facet[];
}

/** One run's journal while it is advanced, and what the engine keeps in mind of it. */
export interface RunJournal {
  /**
   * Commits events and evidence, with all secrets hidden, in one transaction (which it may share with other runs of this process),
   * then tells the observer. `at` (now, unless it is said) is the time that a decision among them was made with, so that its replay
   * comes to the same deadlines. Nothing that they tell of may be done before the promise has come.
   * @throws WfError E_LEASE_LOST, E_DATABASE*, E_DISK_FULL; then nothing was written.
   */
  append(events: readonly JournalEvent[], evidence?: readonly StoredEvidence[], at?: number): Promise<void>;
  /** Keeps a fingerprint; answers its SHA-256, or null where a full disk keeps it from being kept and stops nothing. */
  keepFingerprint(fingerprint: Fingerprint): Promise<string | null>;
  /** The seq of a change that is about to be intended: of two at the same time each gets its own. */
  newChangeSeq(): number;
  /**
   * From now on a full disk stops nothing: the reserve is used up first, and what then still finds no room is only kept in
   * mind. Undoing needs no more than the intents, which are durable already.
   */
  tolerateFullDisk(): void;
  /** The error by which the history refused what is only kept in mind; undefined while all is durable. */
  unrecorded(): WfError | undefined;
  /**
   * Why this process cannot advance the run any further: the history does not work, or another process has taken the run over. A
   * step that failed for it has not failed: whoever resumes begins it again. Undefined while neither is known.
   */
  trouble(): WfError | undefined;
  /** Notes such an error where it was met outside of the journal. */
  noteTrouble(error: unknown): void;
  changes(): readonly Change[];
  /** When this change was intended (ms since the epoch), and whether undoing it has begun without an end. */
  historyOf(seq: number): { readonly intendedAt: number; readonly undoBegun: boolean };
  /** The fingerprint from before the first change; undefined while there is none. */
  baseline(): Baseline | undefined;
  /** This process's last verification, if no change was made or undone since. */
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

/** `earlier` is what the journal holds already. */
export function openRunJournal(parts: RunJournalDependencies, earlier: readonly JournalEntry[] = []): RunJournal {
  return new OpenRunJournal(parts, earlier);
}

/** A class: each run has one, and closures would be twelve objects more. */
class OpenRunJournal implements RunJournal {
  readonly #parts: RunJournalDependencies;
  /** Of each change that was intended; made with the first one, as that of the next. */
  #intendedAt: Map<number, number> | undefined;
  #undoBegun: Set<number> | undefined;
  #changes: readonly Change[] = [];
  #lastChangeSeq = 0;
  #baseline: Baseline | undefined;
  /** The boot of the process that advances the run. */
  #boot: string | undefined;
  #verification: Verification | undefined;
  #goesOnOnFullDisk = false;
  #refusal: WfError | undefined;
  #trouble: WfError | undefined;

  constructor(parts: RunJournalDependencies, earlier: readonly JournalEntry[]) {
    this.#parts = parts;
    for (const { event, at } of earlier) this.#keepInMind(event, at);
    // An earlier process's look at the host says nothing of the host as it is now.
    this.#verification = undefined;
  }

  append(
    given: readonly JournalEvent[],
    evidence: readonly StoredEvidence[] = [],
    at = this.#parts.clock.now(),
  ): Promise<void> {
    const { history, lease, secrets } = this.#parts;
    const hides = secrets !== NO_SECRETS;
    const events = hides ? given.map((event) => redactedEvent(event, secrets)) : given;
    const kept = hides ? evidence.map((seen) => redactedEvidence(seen, secrets)) : evidence;
    this.#reachAll('before', events);
    const write = () => history.append(lease, { events, evidence: kept }, at);
    return this.#written(write).then((entries) => this.#committed(events, entries, at));
  }

  async keepFingerprint(fingerprint: Fingerprint): Promise<string | null> {
    const { history, clock } = this.#parts;
    for (;;) {
      try {
        return await whileLocked(clock, () => history.putFingerprint(fingerprint));
      } catch (thrown) {
        if (this.#mayGoOn(thrown) === 'without') return null;
      }
    }
  }

  newChangeSeq(): number {
    this.#lastChangeSeq += 1;
    return this.#lastChangeSeq;
  }

  tolerateFullDisk(): void {
    this.#goesOnOnFullDisk = true;
  }

  unrecorded(): WfError | undefined {
    return this.#refusal;
  }

  trouble(): WfError | undefined {
    return this.#trouble;
  }

  noteTrouble(error: unknown): void {
    // On a full disk the machine goes no further, and what stands is undone.
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
    for (const event of events) this.#keepInMind(event, at);
    for (const entry of entries) this.#parts.observer.committed?.(entry);
  }

  /** Nothing is written where there is no room, and that is to stop nothing. */
  async #written(write: () => readonly JournalEntry[]): Promise<readonly JournalEntry[]> {
    const { history, clock } = this.#parts;
    for (;;) {
      try {
        return await whileLocked(clock, () => history.groupedCommit(write));
      } catch (thrown) {
        this.noteTrouble(thrown);
        if (this.#mayGoOn(thrown) === 'without') return [];
      }
    }
  }

  #keepInMind(event: JournalEvent, at: number): void {
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

  /** What was refused because the disk is full; thrown on unless that is to stop nothing. */
  #mayGoOn(thrown: unknown): 'once more' | 'without' {
    if (!this.#goesOnOnFullDisk || !isFullDisk(thrown)) throw thrown;
    if (this.#parts.history.freeReserve()) return 'once more';
    this.#refusal = thrown;
    return 'without';
  }

  #reachAll(side: 'before' | 'after', events: readonly JournalEvent[]): void {
    const { crashPoints } = this.#parts;
    if (crashPoints === NO_CRASH_POINTS) return;
    for (const event of events) crashPoints.reach(`${side} commit ${nameOf(event)}`);
  }
}

/** Whether the history refused to write because there is no room. */
export function isFullDisk(thrown: unknown): thrown is WfError {
  return thrown instanceof WfError && thrown.code === 'E_DISK_FULL';
}

/** The event as crash points name it. */
function nameOf(event: JournalEvent): string {
  const about = 'step' in event ? event.step : 'seq' in event ? `change ${event.seq}` : undefined;
  if (event.type === 'decided') return `decided ${event.event?.type ?? 'start'}`;
  if (event.type === 'change.intended') return `change.intended change ${event.change.seq}`;
  return about === undefined ? event.type : `${event.type} ${about}`;
}
