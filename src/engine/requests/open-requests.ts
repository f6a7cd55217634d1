import type { RunId } from '../model/ids.ts';
import type { OpenRequest } from '../model/request.ts';
import type { HistoryPort } from '../ports/history.ts';

type RequestHistory = Pick<HistoryPort, 'openRequests' | 'journal'>;

/** Returns the requests to a run that have no answer yet, oldest first. */
export function openRequestsOf(history: RequestHistory, run: RunId): readonly OpenRequest[] {
  return history.openRequests().flatMap((each) => (each.run === run ? readRequest(history, run, each.number) : []));
}

/** Reads one request; returns none if the journal does not contain it. */
export function readRequest(history: RequestHistory, run: RunId, number: number): readonly OpenRequest[] {
  const [entry] = history.journal(run, number - 1);
  if (entry?.event.type !== 'requested') return [];
  const { by, demand, comment } = entry.event;
  return [{ number, by, demand, comment }];
}
