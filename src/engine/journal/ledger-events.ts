import type { Change } from '../model/change.ts';
import type { JournalEvent } from '../model/journal-event.ts';

/** Returns the ledger after an event; an event that concerns no change leaves it as it is. Pure. */
export function ledgerAfter(ledger: readonly Change[], event: JournalEvent): readonly Change[] {
  switch (event.type) {
    case 'change.intended':
      return [...ledger.filter((change) => change.seq !== event.change.seq), event.change];
    case 'change.applied': {
      const { record, target, undo } = event;
      return altered(ledger, event.seq, { record, target, undo, status: 'applied', reason: null });
    }
    case 'change.settled':
      return altered(ledger, event.seq, { status: event.status, reason: event.reason });
    default:
      return ledger;
  }
}

function altered(ledger: readonly Change[], seq: number, update: Partial<Change>): readonly Change[] {
  // A ledger of a thousand changes is copied for each event: `with` copies it at once.
  const index = ledger.findLastIndex((change) => change.seq === seq);
  const change = ledger[index];
  return change === undefined ? ledger : ledger.with(index, { ...change, ...update });
}
