import { ledgerAfter } from '../engine/journal/ledger-events.ts';
import type { Change } from '../engine/model/change.ts';
import type { JournalEntry } from '../engine/model/journal-event.ts';
import type { SpanEvent } from './span.ts';

export interface ChangeEvents {
  /** Takes the next journal entry. Returns the event of an undo that ends with it. */
  follow(entry: JournalEntry): SpanEvent | undefined;
  /** Returns an event for each change so far, at the moment of its intent, with its current status. */
  all(): readonly SpanEvent[];
}

/** Turns the ledger of a run into span events. */
export function createChangeEvents(): ChangeEvents {
  let ledger: readonly Change[] = [];
  const intendedAt = new Map<number, number>();
  return {
    follow({ at, event }) {
      ledger = ledgerAfter(ledger, event);
      if (event.type === 'change.intended') intendedAt.set(event.change.seq, at);
      // A kept change was not undone.
      if (event.type !== 'change.settled' || event.status === 'kept') return undefined;
      const settled = ledger.find(({ seq }) => seq === event.seq);
      return settled === undefined ? undefined : changeEvent('wf.undo', settled, at);
    },
    all: () => ledger.map((change) => changeEvent('wf.change', change, intendedAt.get(change.seq) ?? 0)),
  };
}

function changeEvent(name: string, change: Change, at: number): SpanEvent {
  return {
    name,
    at,
    attributes: {
      'wf.change.seq': change.seq,
      'wf.change.kind': change.kind,
      'wf.change.target': change.target,
      'wf.change.host': change.host,
      'wf.change.status': change.status,
      'wf.change.reason': change.reason ?? undefined,
      'wf.step.id': change.step,
    },
  };
}
