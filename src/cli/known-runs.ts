import type { Change } from '../engine/change.ts';
import { isEnd, type StoredRun } from '../engine/ports/history.ts';
import type { HistoryReader } from '../history/reader.ts';
import { privateHostMark } from '../host/embedded/names.ts';
import type { MarkedObject } from '../steps/sweep/marked-object.ts';
import { type KnownRuns, unaccounted } from '../steps/sweep/unaccounted.ts';

/** Which of the marked objects of this host no run of the history accounts for; all of them where there is no history. */
export function unaccountedFor(
  history: HistoryReader | undefined,
  objects: readonly MarkedObject[],
): readonly MarkedObject[] {
  return history === undefined ? objects : unaccounted(objects, knownRuns(history, objects));
}

function knownRuns(history: HistoryReader, objects: readonly MarkedObject[]): KnownRuns {
  const needed = objects.flatMap((object) => {
    const run = object.kind === 'private-host' ? history.run(object.run) : undefined;
    return run !== undefined && needsItsHost(run, history.changes(run.id)) ? [privateHostMark(run)] : [];
  });
  return {
    standing: history.standingChanges(),
    unfinished: new Set(history.unfinishedRuns().map(({ id }) => id)),
    privateHosts: new Set(needed),
  };
}

/** Whether a run may still be gone on with, looked into, or undone. */
function needsItsHost({ status, importedFrom }: StoredRun, changes: readonly Change[]): boolean {
  if (importedFrom !== null) return false;
  if (!isEnd(status) || status === 'needs-attention') return true;
  return changes.some((change) => change.status !== 'reverted' && change.status !== 'gone');
}
