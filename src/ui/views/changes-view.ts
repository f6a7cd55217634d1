import type { RunStatus } from '../../engine/ports/history.ts';
import { changesInPlaceOf } from '../../review/changes/changes-in-place.ts';
import { type ChangeRecord, changeRecord } from '../../review/record/run-record.ts';
import { runStatus } from '../../review/record/run-status.ts';
import type { UiContext } from '../server/ui-context.ts';

/** Number of runs whose changes the page shows. */
const MOST_RUNS = 100;

/** The changes in place on this host. */
export interface ChangesView {
  readonly changes: number;
  readonly runs: number;
  /** The newest of these runs. */
  readonly newest: readonly ChangesOfRun[];
}

export interface ChangesOfRun {
  readonly run: string;
  readonly workflow: string;
  readonly status: RunStatus;
  /** Newest first: the order in which to undo them by hand. */
  readonly changes: readonly ChangeRecord[];
}

export async function changesView({ history: read, isAlive }: UiContext): Promise<ChangesView> {
  const history = await read();
  if (history === undefined) return { changes: 0, runs: 0, newest: [] };
  return history.atOneMoment(() => {
    const listed = history.runsInPlace(MOST_RUNS).flatMap((run) => changesInPlaceOf(history, run));
    return {
      ...history.inPlaceCounts(),
      newest: listed.map(({ run, changes: own }) => ({
        run: run.id,
        workflow: run.workflow,
        status: runStatus(run, isAlive),
        changes: own.map(changeRecord).toReversed(),
      })),
    };
  });
}
