import type { Change, Verification } from './change.ts';
import type { RunObserver } from './engine.ts';
import type { JournalEntry, JournalEvent } from './journal-event.ts';
import { ledgerAfter } from './ledger-events.ts';
import type { Clock } from './ports/clock.ts';
import type { HistoryPort, Lease, StoredEvidence } from './ports/history.ts';

/** One run's journal while it is advanced, and what the engine keeps in mind of it. */
export interface RunJournal {
  /**
   * Commits events and evidence in one transaction, then tells the observer. `at` (now, unless it is said) is the time
   * that a decision among them was made with, so that its replay comes to the same deadlines.
   * @throws WfError E_LEASE_LOST, E_DATABASE*, E_DISK_FULL; then nothing was written.
   */
  append(events: readonly JournalEvent[], evidence?: readonly StoredEvidence[], at?: number): void;
  changes(): readonly Change[];
  /** SHA-256 of the fingerprint from before the first change; undefined while there is none. */
  baseline(): string | undefined;
  /** The last verification, if no change was made or undone since. */
  verification(): Verification | undefined;
}

export function openRunJournal(
  history: HistoryPort,
  lease: Lease,
  clock: Clock,
  observer: RunObserver,
  earlier: readonly JournalEntry[] = [],
): RunJournal {
  let changes: readonly Change[] = [];
  let baseline: string | undefined;
  let verification: Verification | undefined;

  const keepInMind = (event: JournalEvent) => {
    changes = ledgerAfter(changes, event);
    if (event.type === 'baseline.taken') baseline = event.fingerprint;
    if (event.type === 'verified') verification = event.verification;
    else if (event.type.startsWith('change.')) verification = undefined;
  };
  for (const { event } of earlier) keepInMind(event);

  return {
    append(events, evidence = [], at = clock.now()) {
      const entries = history.append(lease, { events, evidence }, at);
      for (const event of events) keepInMind(event);
      for (const entry of entries) observer.committed?.(entry);
    },
    changes: () => changes,
    baseline: () => baseline,
    verification: () => verification,
  };
}
