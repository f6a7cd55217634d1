import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { MachineEvent } from '../../engine/model/machine-event.ts';
import type { Demand, Requester, RequestOutcome } from '../../engine/model/request.ts';
import { isoTime } from './iso-time.ts';

/** A request in the run record. */
export interface RequestRecord {
  readonly at: string;
  readonly by: Requester;
  readonly kind: Demand['kind'];
  /** The event of a `send`; null for other requests. */
  readonly event: MachineEvent | null;
  readonly comment: string | null;
  /** Null until the run has answered. */
  readonly outcome: RequestOutcome | null;
}

/** Returns one request in a journal, by its number; null if there is none. */
export function requestRecord(journal: readonly JournalEntry[], number: number | null): RequestRecord | null {
  const own = journal.filter(({ seq, event }) => seq === number || event.type === 'answered');
  return requestRecords(own)[0] ?? null;
}

/** Returns the requests in a journal, oldest first, with their answers. */
export function requestRecords(journal: readonly JournalEntry[]): readonly RequestRecord[] {
  const outcomes = new Map(
    journal.flatMap(({ event }) => (event.type === 'answered' ? [[event.request, event.outcome]] : [])),
  );
  return journal.flatMap(({ seq, at, event }) => {
    if (event.type !== 'requested') return [];
    const { by, demand, comment } = event;
    return {
      at: isoTime(at),
      by,
      kind: demand.kind,
      event: demand.kind === 'send' ? demand.event : null,
      comment,
      outcome: outcomes.get(seq) ?? null,
    };
  });
}
