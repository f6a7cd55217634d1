import type { JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';

/** Entries with which a run begins, rests or ends, whatever its stage. */
const RESTS: readonly JournalEvent['type'][] = [
  'lease.taken',
  'retried',
  'paused',
  'interrupted',
  'unconfirmed',
  'rolling-back',
  'verified',
  'ended',
];

/**
 * Returns the seq of the last entry with which a run entered or left a stage, rested, began again or ended; 0 if there is none. Between
 * two of them, a report is not made again: the observations of a stage are complete when it ends.
 */
export function lastTurn(journal: readonly JournalEntry[]): number {
  let entered: { readonly seq: number; readonly stages: string } | undefined;
  for (const { seq, event } of journal.toReversed()) {
    if (event.type === 'decided') {
      const stages = event.stages.join('\n');
      if (entered !== undefined && entered.stages !== stages) return entered.seq;
      entered = { seq, stages };
    } else if (isRest(event)) {
      return entered?.seq ?? seq;
    }
  }
  return entered?.seq ?? 0;
}

/** A run that also waits for a timer polls, and goes on by itself. */
function isRest(event: JournalEvent): boolean {
  return event.type === 'waiting' ? event.until === undefined : RESTS.includes(event.type);
}
