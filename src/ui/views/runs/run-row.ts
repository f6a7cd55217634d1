import type { ErrorCode } from '../../../engine/model/errors.ts';
import type { RunStatus, StoredRun } from '../../../engine/ports/history.ts';
import { isoTime } from '../../../review/record/iso-time.ts';
import { durationOf } from '../../../review/record/run-record.ts';
import { type IsAlive, runStatus } from '../../../review/record/run-status.ts';

/** A run in a list, without its input and output, which may be long. */
export interface RunRow {
  readonly id: string;
  readonly workflow: string;
  readonly status: RunStatus;
  readonly runtime: string;
  readonly createdAt: string;
  /** Milliseconds from the start to the end; null if the run has not ended. */
  readonly durationMs: number | null;
  readonly changesInPlace: number;
  readonly error: ErrorCode | null;
  /** The machine of an imported run; null for other runs. */
  readonly importedFrom: string | null;
}

export function runRow(run: StoredRun, isAlive: IsAlive): RunRow {
  return {
    id: run.id,
    workflow: run.workflow,
    status: runStatus(run, isAlive),
    runtime: run.runtime,
    createdAt: isoTime(run.createdAt),
    durationMs: durationOf(run),
    changesInPlace: run.changesInPlace,
    error: run.error?.code ?? null,
    importedFrom: run.importedFrom,
  };
}
