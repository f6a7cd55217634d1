import { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEntry } from '../model/journal-event.ts';
import type { RunRequest } from '../model/request.ts';

/** The end of a run that somebody has cancelled. */
export interface Cancellation {
  readonly error: WfError;
  /** Whether the changes of the run are kept. */
  readonly keep: boolean;
}

/** Returns the cancellation by a request; undefined if it asks for something else. */
export function cancellationBy(run: RunId, { by, demand, comment }: RunRequest): Cancellation | undefined {
  if (demand.kind !== 'cancel') return undefined;
  const reason = comment === null ? '' : `: ${comment}`;
  const error = new WfError('E_CANCELLED', `run ${run} was cancelled by ${by.sudoUser ?? by.user}${reason}`, {
    hint: `Check with \`wf show ${run}\` whether its changes are undone.`,
  });
  return { error, keep: demand.keep };
}

/** Returns the cancellation that a run has accepted in its journal, and not carried out yet. */
export function acceptedCancellation(run: RunId, entries: readonly JournalEntry[]): Cancellation | undefined {
  const retry = entries.findLastIndex(({ event }) => event.type === 'retried');
  const handled = new Set(
    entries
      .slice(retry + 1)
      .flatMap(({ event }) => (event.type === 'answered' && event.outcome.type === 'handled' ? [event.request] : [])),
  );
  for (const { seq, event } of entries) {
    if (event.type !== 'requested' || !handled.has(seq)) continue;
    const cancellation = cancellationBy(run, event);
    if (cancellation !== undefined) return cancellation;
  }
  return undefined;
}
