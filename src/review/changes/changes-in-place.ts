import { type Change, isInPlace } from '../../engine/model/change.ts';
import type { HistoryPort, StoredRun } from '../../engine/ports/history.ts';
import { type ChangeRecord, changeRecord } from '../record/run-record.ts';

/** The changes of one run that are in place on this host. */
export interface ChangesInPlace {
  readonly run: StoredRun;
  readonly changes: readonly Change[];
}

/** An item of `wf changes --json`. */
export interface ChangeInPlaceRecord extends ChangeRecord {
  readonly run: string;
  readonly workflow: string;
}

type Source = Pick<HistoryPort, 'changes' | 'changesInPlace' | 'run'>;

/** Returns the changes in place of all runs, newest run first. */
export function changesInPlace(history: Source): readonly ChangesInPlace[] {
  const ids = new Set(history.changesInPlace().map((change) => change.run));
  return [...ids]
    .toReversed()
    .map((id) => history.run(id))
    .flatMap((run) => (run === undefined ? [] : changesInPlaceOf(history, run)));
}

/** Returns the changes in place of one run; none if there are none. */
export function changesInPlaceOf(history: Pick<Source, 'changes'>, run: StoredRun): readonly ChangesInPlace[] {
  // The changes of an imported run are on the machine that it came from.
  const changes = run.importedFrom === null ? history.changes(run.id).filter(isInPlace) : [];
  return changes.length === 0 ? [] : [{ run, changes }];
}

export function changeInPlaceRecords(inPlace: readonly ChangesInPlace[]): readonly ChangeInPlaceRecord[] {
  return inPlace.flatMap(({ run, changes }) =>
    changes.map((change) => ({ run: run.id, workflow: run.workflow, ...changeRecord(change) })),
  );
}
