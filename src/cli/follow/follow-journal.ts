import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { isEnd, type RunStatus } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { type IsAlive, runStatus } from '../../review/record/run-status.ts';
import type { StopSignal, Terminal } from '../output/terminal.ts';
import type { Wire } from '../services/wire-types.ts';

/** A person sees news of a fifth of a second as news; a look costs two reads by an index, well under a millisecond. */
const LOOK_MS = 150;

/** Why nothing more comes: nobody advances the run any more, or the follower was told to stop. */
export type FollowEnd =
  | { readonly type: 'let-go'; readonly status: RunStatus }
  | { readonly type: 'stopped'; readonly signal: StopSignal };

/**
 * Follows a run that any process on this host advances, by its journal: hands on all entries from the first, those that are
 * there and those that come, until the run ends, pauses or is interrupted. A signal to stop ends the following only.
 * @throws WfError E_RUN_NOT_FOUND where the run was removed meanwhile; E_DATABASE*
 */
export async function followJournal(
  history: HistoryReader,
  id: RunId,
  { clock, isAlive }: Pick<Wire, 'clock' | 'isAlive'>,
  terminal: Pick<Terminal, 'onStopSignal'>,
  onNews: (entries: readonly JournalEntry[]) => void,
): Promise<FollowEnd> {
  const stop: { signal: StopSignal | undefined; wake: () => void } = { signal: undefined, wake: () => {} };
  const unlisten = terminal.onStopSignal((signal) => {
    stop.signal ??= signal;
    stop.wake();
  });
  const pause = () =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(LOOK_MS, resolve);
      stop.wake = () => {
        cancel();
        resolve();
      };
    });
  let last = 0;
  try {
    for (;;) {
      // The status first: what a run came to is then in the journal that is read after it.
      const status = statusNow(history, id, isAlive);
      const entries = history.journal(id, last);
      last = entries.at(-1)?.seq ?? last;
      onNews(entries);
      if (isLetGo(status)) return { type: 'let-go', status };
      if (stop.signal === undefined) await pause();
      if (stop.signal !== undefined) return { type: 'stopped', signal: stop.signal };
    }
  } finally {
    unlisten();
  }
}

/** Whether nothing more happens to a run in this status until somebody does something about it. */
export function isLetGo(status: RunStatus): boolean {
  return isEnd(status) || status === 'paused' || status === 'interrupted';
}

/** What is said when a signal ended the following, and nothing else. */
export function noLongerFollowed(id: RunId): string {
  return `no longer followed; run ${id} goes on`;
}

function statusNow(history: HistoryReader, id: RunId, isAlive: IsAlive): RunStatus {
  const status = runStatus(stored(history, id), isAlive);
  // Its process may have ended the run, and itself, between the two looks: then the history says so now.
  return status === 'interrupted' ? runStatus(stored(history, id), isAlive) : status;
}

function stored(history: HistoryReader, id: RunId) {
  const run = history.run(id);
  if (run !== undefined) return run;
  throw new WfError('E_RUN_NOT_FOUND', `run ${id} was removed from the history while it was followed`, {
    hint: '`wf runs` lists the runs that are there.',
  });
}
