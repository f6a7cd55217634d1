import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { RecordedProofs } from '../../engine/workflow/workflow.ts';

/** Returns the proofs of a run that succeeded; undefined for any other run, or if its workflow defines none. */
export function runProofs(journal: readonly JournalEntry[]): RecordedProofs | undefined {
  const end = journal.findLast(({ event }) => event.type === 'ended')?.event;
  return end?.type === 'ended' && end.status === 'succeeded' ? end.proofs : undefined;
}
