import { WfError } from '../../engine/model/errors.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { isResumable } from '../../review/actions/allowed-actions.ts';
import { type IsAlive, runStatus } from '../../review/record/run-status.ts';
import type { FoundRun } from './find-run.ts';

/** Number of candidates in an error. */
const NAMED = 5;

/** Returns the unfinished runs that no process advances, newest first. */
export function resumableRuns(history: HistoryReader | undefined, isAlive: IsAlive): readonly FoundRun[] {
  if (history === undefined) return [];
  const runs = history.unfinishedRuns().filter((run) => isResumable(run, isAlive));
  return runs.map((run) => ({ history, run }));
}

/** Returns the candidates for `wf resume` without a run: waiting runs only if none is interrupted or paused. */
export function resumeCandidates(runs: readonly FoundRun[], isAlive: IsAlive): readonly FoundRun[] {
  const stopped = runs.filter(({ run }) => runStatus(run, isAlive) !== 'waiting');
  return stopped.length === 0 ? runs : stopped;
}

/**
 * Returns the only candidate.
 * @throws WfError E_RUN_NOT_FOUND if there is none, E_RUN_AMBIGUOUS if there are several.
 */
export function onlyResumable(runs: readonly FoundRun[], isAlive: IsAlive): FoundRun {
  const [found] = runs;
  if (found === undefined) {
    throw new WfError('E_RUN_NOT_FOUND', 'nothing to resume: no run is interrupted, paused or waiting', {
      hint: 'List the runs with `wf runs`. If the database of a run was deleted, find its leftovers on this host with `wf sweep`.',
    });
  }
  if (runs.length === 1) return found;
  const named = runs.slice(0, NAMED).map(({ run }) => `${run.id} (${run.workflow}, ${runStatus(run, isAlive)})`);
  throw new WfError(
    'E_RUN_AMBIGUOUS',
    `${runs.length} runs can be resumed: ${named.join(', ')}${runs.length > NAMED ? ', ...' : ''}`,
    { hint: `Choose one, as in \`wf resume ${found.run.id}\`, or resume all with \`wf resume --all\`.` },
  );
}
