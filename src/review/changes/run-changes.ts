import type { Verification } from '../../engine/model/change.ts';
import type { HistoryPort, RunStatus } from '../../engine/ports/history.ts';
import { type ComparedSection, comparedFingerprints } from '../compare/compared-fingerprints.ts';
import { isoTime } from '../record/iso-time.ts';
import type { RunMaterial } from '../record/run-material.ts';
import { type ChangedObject, changedObjects, fullest } from './changed-objects.ts';

/** The output of `wf diff RUN --json`: the changes of a run, and the compared fingerprints. Times are ISO 8601 in UTC. */
export interface RunChanges {
  readonly run: string;
  readonly workflow: string;
  readonly status: RunStatus;
  /** In the order of the ledger. */
  readonly changed: readonly ChangedRecord[];
  /** The moment with the most changes in place, and their number; null if none was applied. */
  readonly fullest: { readonly at: string; readonly count: number } | null;
  readonly compared: {
    readonly before: FingerprintRecord | null;
    readonly after: FingerprintRecord | null;
    /** Whether the two are equal; null if one of them is missing. */
    readonly equal: boolean | null;
    readonly sections: readonly ComparedSection[];
    /** Objects that fingerprints leave out. */
    readonly leftOut: readonly string[];
  };
  readonly verification: Verification | null;
}

export interface ChangedRecord extends Omit<ChangedObject, 'appliedAt' | 'settledAt'> {
  readonly appliedAt: string | null;
  readonly settledAt: string | null;
}

interface FingerprintRecord {
  readonly hash: string | null;
  readonly at: string;
}

/** Returns the changes of a run, and the fingerprints that its verification compared. */
export function runChanges(
  { run, journal, changes, verification }: RunMaterial,
  status: RunStatus,
  history: Pick<HistoryPort, 'fingerprint'>,
): RunChanges {
  const most = fullest(journal);
  const { before, after, ...comparison } = comparedFingerprints(journal, history);
  const fingerprintRecord = (taken: typeof before) => taken && { hash: taken.hash, at: isoTime(taken.at) };
  return {
    run: run.id,
    workflow: run.workflow,
    status,
    changed: changedObjects(changes, journal).map((object) => ({
      ...object,
      appliedAt: isoOrNull(object.appliedAt),
      settledAt: isoOrNull(object.settledAt),
    })),
    fullest: most === undefined ? null : { at: isoTime(most.at), count: most.count },
    compared: { before: fingerprintRecord(before), after: fingerprintRecord(after), ...comparison },
    verification: verification ?? null,
  };
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : isoTime(at);
}
