import { isInPlace } from '../engine/model/change.ts';
import { type HistoryPort, isEnd, type StoredRun } from '../engine/ports/history.ts';
import { privateHostMark } from '../engine/ports/runtime.ts';
import type { MarkedObject } from './marked-object.ts';
import type { KnownRuns } from './unaccounted.ts';

type Asked = Pick<HistoryPort, 'run' | 'changes' | 'changesInPlace' | 'unfinishedRuns'>;

/** What a history knows of the runs that have marked these objects; nothing, where there is none. */
export function knownRuns(history: Asked | undefined, objects: readonly MarkedObject[]): KnownRuns {
  if (history === undefined) return { standing: [], unfinished: new Set(), privateHosts: new Set() };
  const runs = objects.flatMap(({ kind, run }) => {
    const known = kind === 'private-host' ? history.run(run) : undefined;
    return known === undefined ? [] : [known];
  });
  return {
    standing: history.changesInPlace(),
    unfinished: new Set(history.unfinishedRuns().map(({ id }) => id)),
    privateHosts: new Set(runs.filter((run) => usesItsHost(run, history)).map(privateHostMark)),
  };
}

/** As the engine has it when a run ends: the host stays where something on it may be undone later. */
function usesItsHost({ id, status }: StoredRun, history: Asked): boolean {
  if (!isEnd(status) || status === 'needs-attention') return true;
  return history.changes(id).some(isInPlace);
}
