import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { isEnd, type RunStatus, type StoredRun } from '../../engine/ports/history.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { type IsAlive, runStatus } from '../../review/record/run-status.ts';
import type { StopSignal, Terminal } from '../output/terminal.ts';
import type { Services } from '../services/services.ts';

/** People accept a delay of a fifth of a second. A poll costs two indexed reads, well under a millisecond. */
const POLL_MS = 150;

interface FollowOptions {
  /** Stops following after this time. */
  readonly timeoutMs?: number | undefined;
  /** Statuses in which to stop following as soon as no process advances the run. */
  readonly restsIn?: readonly RunStatus[];
}

/** Reason why following ended: no process advances the run, the time is over, or a stop signal arrived. */
export type FollowEnd =
  | { readonly type: 'unowned'; readonly status: RunStatus }
  | { readonly type: 'timed-out' }
  | { readonly type: 'stopped'; readonly signal: StopSignal };

/**
 * Follows a run that any process on this host advances: passes on all journal entries from the first until the run ends, pauses or is
 * interrupted. A stop signal ends only the following.
 * @throws WfError E_RUN_NOT_FOUND if the run was removed meanwhile; E_DATABASE*
 */
export async function followJournal(
  history: HistoryReader,
  id: RunId,
  { clock, isAlive }: Pick<Services, 'clock' | 'isAlive'>,
  terminal: Pick<Terminal, 'onStopSignal'>,
  onNews: (entries: readonly JournalEntry[]) => void,
  { timeoutMs = Number.POSITIVE_INFINITY, restsIn = [] }: FollowOptions = {},
): Promise<FollowEnd> {
  const until = clock.now() + timeoutMs;
  const stop: { signal: StopSignal | undefined; wake: () => void } = { signal: undefined, wake: () => {} };
  const onStop = (signal: StopSignal) => {
    stop.signal ??= signal;
    stop.wake();
  };
  const unlisten = terminal.onStopSignal(onStop, { runsWorkflowCode: false });
  const pause = () =>
    new Promise<void>((resolve) => {
      const cancel = clock.after(POLL_MS, resolve);
      stop.wake = () => {
        cancel();
        resolve();
      };
    });
  let last = 0;
  try {
    for (;;) {
      // Status first, so that the journal read after it contains its entries.
      const status = statusNow(history, id, isAlive);
      const entries = history.journal(id, last);
      last = entries.at(-1)?.seq ?? last;
      onNews(entries);
      if (isStopped(status)) return { type: 'unowned', status };
      if (restsIn.includes(status) && !isOwned(stored(history, id), isAlive)) return { type: 'unowned', status };
      if (clock.now() >= until) return { type: 'timed-out' };
      if (stop.signal === undefined) await pause();
      if (stop.signal !== undefined) return { type: 'stopped', signal: stop.signal };
    }
  } finally {
    unlisten();
  }
}

function isOwned({ owner }: StoredRun, isAlive: IsAlive): boolean {
  return owner !== null && isAlive(owner);
}

/** Returns whether a run in this status stays there until somebody acts on it. */
export function isStopped(status: RunStatus): boolean {
  return isEnd(status) || status === 'paused' || status === 'interrupted';
}

/** Returns the line printed after a signal ended the following. */
export function stoppedFollowing(id: RunId): string {
  return `stopped following; run ${id} continues`;
}

function statusNow(history: HistoryReader, id: RunId, isAlive: IsAlive): RunStatus {
  const status = runStatus(stored(history, id), isAlive);
  // Its process may have ended the run and exited between the two reads: the history then has the result.
  return status === 'interrupted' ? runStatus(stored(history, id), isAlive) : status;
}

function stored(history: HistoryReader, id: RunId) {
  const run = history.run(id);
  if (run !== undefined) return run;
  throw new WfError('E_RUN_NOT_FOUND', `run ${id} was removed from the history while wf followed it`, {
    hint: 'List the runs with `wf runs`.',
  });
}
