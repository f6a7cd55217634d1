import type { Change, Difference } from '../../engine/model/change.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { RUN_LABEL } from '../../engine/model/mark.ts';
import type { HostView } from '../sections/host-view.ts';
import { changeNaming, type NamedChange } from './ledger-identities.ts';

/** Whose a difference is, and why it is thought so. */
export interface Attribution {
  readonly owner: Difference['owner'];
  readonly reason: string;
  /** Set if the run made it and means to leave it: the ledger has it, and it is neither residue nor drift. */
  readonly isKept?: true;
}

/** All that attribution goes by. */
export interface Known {
  readonly run: RunId;
  readonly before: HostView;
  readonly after: HostView;
  readonly changes: readonly NamedChange[];
}

/** Of what carries no mark and is in no record: somebody else's, unless a step of the run may have altered anything. */
export const SOMEBODY: Attribution = {
  owner: 'unknown',
  reason: 'nothing marks or records it as the work of this run',
};

/** What a mark says, which is the id of a run. */
export function byMark(run: string, known: Known): Attribution {
  if (run === known.run) return { owner: 'run', reason: 'it carries the mark of this run' };
  return { owner: 'other', reason: `run ${run}` };
}

/** What the labels of a Docker object say; undefined where none is a mark. */
export function byLabels(labels: Readonly<Record<string, string>>, known: Known): Attribution | undefined {
  const run = labels[RUN_LABEL];
  return run === undefined ? undefined : byMark(run, known);
}

/** What the ledger says of something that these changes name; undefined where none does. */
export function byLedger(known: Known, names: (change: NamedChange) => boolean): Attribution | undefined {
  const change = changeNaming(known.changes, names);
  return change === undefined ? undefined : byChange(change);
}

function byChange(change: Change): Attribution {
  const place = `change ${change.seq} (${change.target})`;
  if (change.status === 'kept') return { owner: 'other', reason: `kept by design: ${place}`, isKept: true };
  return { owner: 'run', reason: `${place} of step ${change.step} names it` };
}

/** The same for what is not Docker's: a change names it by all of these words. */
export function byWords(known: Known, ...words: readonly string[]): Attribution | undefined {
  return byLedger(known, (change) => !change.ofDocker && words.every((word) => change.words.has(word)));
}

export function docker(reason: string): Attribution {
  return { owner: 'docker', reason };
}
