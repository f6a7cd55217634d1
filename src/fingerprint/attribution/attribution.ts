import type { Change, Difference } from '../../engine/model/change.ts';
import { RUN_LABEL } from '../../engine/model/identity/mark.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { HostView } from '../sections/host-view.ts';
import { changeNaming, type NamedChange } from './ledger-identities.ts';

/** Owner of a difference and the reason. */
export interface Attribution {
  readonly owner: Difference['owner'];
  readonly reason: string;
  /** Set if the run created it and keeps it by design: it is neither residue nor drift. */
  readonly isKept?: true;
}

/** Facts that attribution uses. */
export interface Known {
  readonly run: RunId;
  readonly before: HostView;
  readonly after: HostView;
  readonly changes: readonly NamedChange[];
  /** Inode of the network namespace of both fingerprints; null for a private host. */
  readonly namespace: number | null;
}

/** Attribution of something without mark or record: somebody else's, unless a step of the run may have altered anything. */
export const SOMEBODY: Attribution = {
  owner: 'unknown',
  reason: 'nothing marks or records it as the work of this run',
};

/** Attributes by a mark, which is the id of a run. */
export function byMark(run: string, known: Known): Attribution {
  if (run === known.run) return { owner: 'run', reason: 'it carries the mark of this run' };
  return { owner: 'other', reason: `run ${run}` };
}

/** Attributes a Docker object by its labels; undefined if none is a mark. */
export function byLabels(labels: Readonly<Record<string, string>>, known: Known): Attribution | undefined {
  const run = labels[RUN_LABEL];
  return run === undefined ? undefined : byMark(run, known);
}

/** Attributes by the ledger changes that match; undefined if none does. */
export function byLedger(known: Known, names: (change: NamedChange) => boolean): Attribution | undefined {
  const change = changeNaming(known.changes, names);
  return change === undefined ? undefined : byChange(change);
}

function byChange(change: Change): Attribution {
  const place = `change ${change.seq} (${change.target})`;
  if (change.status === 'kept') return { owner: 'other', reason: `kept by design: ${place}`, isKept: true };
  return { owner: 'run', reason: `${place} of step ${change.step} names it` };
}

/** Like byLedger, for objects outside Docker: a change must name all of these words. */
export function byWords(known: Known, ...words: readonly string[]): Attribution | undefined {
  return byLedger(known, (change) => !change.ofDocker && words.every((word) => change.words.has(word)));
}

export function docker(reason: string): Attribution {
  return { owner: 'docker', reason };
}
