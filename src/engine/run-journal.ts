import type { Change, Verification } from './change.ts';
import type { RunObserver } from './engine.ts';
import { WfError } from './errors.ts';
import { hiddenEvent, hiddenEvidence } from './hidden-event.ts';
import type { JournalEntry, JournalEvent } from './journal-event.ts';
import { ledgerAfter } from './ledger-events.ts';
import type { Clock } from './ports/clock.ts';
import { type CrashPoints, NO_CRASH_POINTS } from './ports/crash-points.ts';
import type { Fingerprint } from './ports/fingerprint.ts';
import type { HistoryPort, Lease, StoredEvidence } from './ports/history.ts';
import { NO_SECRETS, type Secrets } from './secrets.ts';

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
  keepFingerprint(fingerprint: Fingerprint): string | null;
  /** The seq of a change that is about to be intended: of two at the same time each gets its own. */
  newChangeSeq(): number;
  /**
   * From now on a full disk stops nothing: the reserve is used up first, and what then still finds no room is only kept in
   * mind. Undoing needs no more than the intents, which are durable already.
   */
  goOnOnFullDisk(): void;
  /** The error by which the history refused what is only kept in mind; undefined while all is durable. */
  unrecorded(): WfError | undefined;
  changes(): readonly Change[];
  /** When this change was intended (ms since the epoch), and whether undoing it has begun without an end. */
  historyOf(seq: number): { readonly intendedAt: number; readonly undoBegun: boolean };
  /** SHA-256 of the fingerprint from before the first change; undefined while there is none. */
  baseline(): string | undefined;
  /** This process's last verification, if no change was made or undone since. */
  verification(): Verification | undefined;
}

interface RunJournalParts {
  readonly history: HistoryPort;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly crashPoints: CrashPoints;
  readonly observer: RunObserver;
  readonly secrets: Secrets;
}

/** `earlier` is what the journal holds already. */
export function openRunJournal(parts: RunJournalParts, earlier: readonly JournalEntry[] = []): RunJournal {
  const { history, lease, clock, crashPoints, observer, secrets } = parts;
  const intendedAt = new Map<number, number>();
  const undoBegun = new Set<number>();
  let changes: readonly Change[] = [];
  let lastChangeSeq = 0;
  let baseline: string | undefined;
  let verification: Verification | undefined;
  let goesOnOnFullDisk = false;
  let refusal: WfError | undefined;

  const keepInMind = (event: JournalEvent, at: number) => {
    changes = ledgerAfter(changes, event);
    if (event.type === 'change.intended') {
      intendedAt.set(event.change.seq, at);
      lastChangeSeq = Math.max(lastChangeSeq, event.change.seq);
    }
    if (event.type === 'change.reverting') undoBegun.add(event.seq);
    if (event.type === 'change.intended') undoBegun.delete(event.change.seq);
    if (event.type === 'change.settled') undoBegun.delete(event.seq);
    if (event.type === 'baseline.taken') baseline = event.fingerprint;
    if (event.type === 'verified') verification = event.verification;
    else if (event.type.startsWith('change.')) verification = undefined;
  };
  for (const { event, at } of earlier) keepInMind(event, at);
  // An earlier process's look at the host says nothing of the host as it is now.
  verification = undefined;

  /** What was refused because the disk is full; thrown on unless that is to stop nothing. */
  function mayGoOn(thrown: unknown): 'once more' | 'without' {
    if (!goesOnOnFullDisk || !isFullDisk(thrown)) throw thrown;
    if (history.freeReserve()) return 'once more';
    refusal = thrown;
    return 'without';
  }

  function reachAll(side: 'before' | 'after', events: readonly JournalEvent[]): void {
    if (crashPoints === NO_CRASH_POINTS) return;
    for (const event of events) crashPoints.reach(`${side} commit ${nameOf(event)}`);
  }

  return {
    async append(given, evidence = [], at = clock.now()) {
      const hides = secrets !== NO_SECRETS;
      const events = hides ? given.map((event) => hiddenEvent(event, secrets)) : given;
      const kept = hides ? evidence.map((seen) => hiddenEvidence(seen, secrets)) : evidence;
      reachAll('before', events);
      let entries: readonly JournalEntry[] | undefined;
      while (entries === undefined) {
        try {
          entries = await history.together(() => history.append(lease, { events, evidence: kept }, at));
        } catch (thrown) {
          if (mayGoOn(thrown) === 'without') entries = [];
        }
      }
      reachAll('after', events);
      for (const event of events) keepInMind(event, at);
      for (const entry of entries) observer.committed?.(entry);
    },
    keepFingerprint(fingerprint) {
      for (;;) {
        try {
          return history.putFingerprint(fingerprint);
        } catch (thrown) {
          if (mayGoOn(thrown) === 'without') return null;
        }
      }
    },
    newChangeSeq() {
      lastChangeSeq += 1;
      return lastChangeSeq;
    },
    goOnOnFullDisk() {
      goesOnOnFullDisk = true;
    },
    unrecorded: () => refusal,
    changes: () => changes,
    historyOf: (seq) => ({ intendedAt: intendedAt.get(seq) ?? 0, undoBegun: undoBegun.has(seq) }),
    baseline: () => baseline,
    verification: () => verification,
  };
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
