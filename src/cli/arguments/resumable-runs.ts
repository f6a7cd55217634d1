import { WfError } from '../../engine/model/errors.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { isResumable } from '../../review/record/allowed-actions.ts';
import { type IsAlive, runStatus } from '../../review/record/run-status.ts';
import type { FoundRun } from './find-run.ts';

/** So many candidates are named in an error. */
const NAMED = 5;

/** The runs that have not come to their end and that nobody advances, newest first. */
export function resumableRuns(history: HistoryReader | undefined, isAlive: IsAlive): readonly FoundRun[] {
  if (history === undefined) return [];
  const runs = history.unfinishedRuns().filter((run) => isResumable(run, isAlive));
  return runs.map((run) => ({ history, run }));
}

/** The ones that `wf resume` without a run may mean: a run that waits only if none is interrupted or paused. */
export function likeliestRuns(runs: readonly FoundRun[], isAlive: IsAlive): readonly FoundRun[] {
  const stopped = runs.filter(({ run }) => runStatus(run, isAlive) !== 'waiting');
  return stopped.length === 0 ? runs : stopped;
}

/** @throws WfError E_RUN_NOT_FOUND where there is none, E_RUN_AMBIGUOUS where there are several. */
export function onlyResumable(runs: readonly FoundRun[], isAlive: IsAlive): FoundRun {
  const [found] = runs;
  if (found === undefined) {
    throw new WfError('E_RUN_NOT_FOUND', 'there is nothing to resume: no run is interrupted or paused, or waits', {
      hint: '`wf runs` lists the runs. Where the database of a run was deleted, `wf sweep` finds what it left on this host.',
    });
  }
  if (runs.length === 1) return found;
  const named = runs.slice(0, NAMED).map(({ run }) => `${run.id} (${run.workflow}, ${runStatus(run, isAlive)})`);
  throw new WfError(
    'E_RUN_AMBIGUOUS',
    `${runs.length} runs can be resumed: ${named.join(', ')}${runs.length > NAMED ? ', ...' : ''}`,
    { hint: `Name one, as in \`wf resume ${found.run.id}\`, or resume each in turn with \`wf resume --all\`.` },
  );
}
