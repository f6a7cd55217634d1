import type { JournalEntry, RunSuccess } from '../model/journal-event.ts';
import type { BootDeadline } from './boot-deadline.ts';

/** Why the changes of an unconfirmed run are kept. */
export const KEPT_UNTIL_CONFIRMED = 'not confirmed yet: undone at the deadline';

/** The state of an unconfirmed run, as its journal has it. */
export interface Unconfirmed {
  readonly deadline: BootDeadline;
  readonly newestSession: number | null;
  /** The seqs of the changes that are kept until the deadline. */
  readonly kept: readonly number[];
}

/** An unconfirmed run, with the end that it has once somebody confirms it. */
export type UnconfirmedRun = Unconfirmed & Omit<RunSuccess, 'status'>;

/** Returns the state of an unconfirmed run in its journal; undefined if it is not unconfirmed. */
export function unconfirmedIn(entries: readonly JournalEntry[]): UnconfirmedRun | undefined {
  let run: UnconfirmedRun | undefined;
  for (const { event } of entries) {
    if (event.type === 'unconfirmed') {
      const { type: _type, ...unconfirmed } = event;
      run = unconfirmed;
    } else if (event.type === 'extended' && run !== undefined) {
      run = { ...run, deadline: event.deadline };
    } else if (event.type === 'rolling-back' || event.type === 'retried') {
      run = undefined;
    }
  }
  return run;
}

/** Whether somebody has confirmed the unconfirmed run of this journal, and no process has ended it yet. */
export function isConfirmed(entries: readonly JournalEntry[]): boolean {
  const begin = entries.findLastIndex(({ event }) => event.type === 'unconfirmed');
  const since = begin === -1 ? [] : entries.slice(begin);
  const confirmations = new Set(
    since.flatMap(({ seq, event }) =>
      event.type === 'requested' && event.demand.kind === 'confirm' && event.demand.extendMs === null ? [seq] : [],
    ),
  );
  return since.some(
    ({ event }) => event.type === 'answered' && event.outcome.type === 'handled' && confirmations.has(event.request),
  );
}
