import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { RecordedProofs } from '../../engine/workflow/workflow.ts';

/** What a run that succeeded has shown; undefined of any other, and of one whose workflow shows nothing. */
export function runProofs(journal: readonly JournalEntry[]): RecordedProofs | undefined {
  const end = journal.findLast(({ event }) => event.type === 'ended')?.event;
  return end?.type === 'ended' && end.status === 'succeeded' ? end.proofs : undefined;
}
