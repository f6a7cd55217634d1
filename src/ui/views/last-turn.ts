import type { JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';

/** Entries with which a turn begins or ends, whatever the stage. */
const TURNS: readonly JournalEvent['type'][] = [
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
 * Returns the seq of the last entry with which a run entered or left a stage, stopped, continued or ended; 0 if there is none. A report
 * is valid until the next one: the observations of a stage are complete when it ends.
 */
export function lastTurn(journal: readonly JournalEntry[]): number {
  let entered: { readonly seq: number; readonly stages: string } | undefined;
  for (const { seq, event } of journal.toReversed()) {
    if (event.type === 'decided') {
      const stages = event.stages.join('\n');
      if (entered !== undefined && entered.stages !== stages) return entered.seq;
      entered = { seq, stages };
    } else if (isTurn(event)) {
      return entered?.seq ?? seq;
    }
  }
  return entered?.seq ?? 0;
}

/** A run that also waits for a timer polls, and continues by itself. */
function isTurn(event: JournalEvent): boolean {
  return event.type === 'waiting' ? event.until === undefined : TURNS.includes(event.type);
}
