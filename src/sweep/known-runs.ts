import { isInPlace } from '../engine/model/change.ts';
import { type HistoryPort, isEnd, type StoredRun } from '../engine/ports/history.ts';
import { privateHostMark } from '../engine/ports/runtime.ts';
import type { MarkedObject } from './marked-object.ts';
import type { KnownRuns } from './unaccounted.ts';

type Asked = Pick<HistoryPort, 'run' | 'changes' | 'changesInPlace' | 'unfinishedRuns'>;

/** Returns what a history knows of the runs that marked these objects; nothing without a history. */
export function knownRuns(history: Asked | undefined, objects: readonly MarkedObject[]): KnownRuns {
  if (history === undefined) return { inPlace: [], unfinished: new Set(), privateHosts: new Set() };
  const runs = objects.flatMap(({ kind, run }) => {
    const known = kind === 'private-host' ? history.run(run) : undefined;
    return known === undefined ? [] : [known];
  });
  return {
    inPlace: history.changesInPlace(),
    unfinished: new Set(history.unfinishedRuns().map(({ id }) => id)),
    privateHosts: new Set(runs.filter((run) => usesItsHost(run, history)).map(privateHostMark)),
  };
}

/** Same rule as the engine at the end of a run: the host stays if something on it may be undone later. */
function usesItsHost({ id, status }: StoredRun, history: Asked): boolean {
  if (!isEnd(status) || status === 'needs-attention') return true;
  return history.changes(id).some(isInPlace);
}
