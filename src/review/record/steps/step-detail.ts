import type { Change, ChangeStatus } from '../../../engine/model/change.ts';
import type { ErrorRecord } from '../../../engine/model/errors.ts';
import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import type { Json } from '../../../engine/model/json.ts';
import type { StoredEvidence, StoredStep } from '../../../engine/ports/history.ts';
import { type EvidenceRecord, evidenceRecord } from '../evidence-record.ts';
import { isoTime } from '../iso-time.ts';
import type { RunMaterial } from '../run-material.ts';
import { type ChangeRecord, changeRecord, type RunRecord, type ShownStepStatus } from '../run-record.ts';
import { type StepAttempt, stepAttempts } from './step-attempts.ts';

/** The output of `wf show RUN STEP --json`. Times are ISO 8601 in UTC, durations are in milliseconds. */
export interface StepDetail {
  readonly run: string;
  readonly workflow: string;
  readonly id: string;
  readonly stage: string;
  readonly kind: string;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
  readonly status: ShownStepStatus;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Without idle time, in which nobody advanced the run. */
  readonly durationMs: number | null;
  readonly input: Json;
  readonly output: Json;
  readonly error: ErrorRecord | null;
  readonly attempts: readonly AttemptRecord[];
  readonly changes: readonly ChangeDetail[];
  /** With that of the rollback, as attempt 0. */
  readonly evidence: readonly EvidenceRecord[];
}

export interface AttemptRecord {
  readonly attempt: number;
  readonly outcome: StepAttempt['outcome'];
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  readonly error: ErrorRecord | null;
  readonly retryAt: string | null;
}

export interface ChangeDetail extends ChangeRecord {
  /** Identity, previous state, and all that undoing needs; the step runner defines its shape. */
  readonly record: Json;
  readonly history: readonly ChangeMoment[];
}

/** A status of a change, and its time. */
export interface ChangeMoment {
  readonly at: string;
  readonly status: ChangeStatus | 'reverting';
  readonly reason: string | null;
}

/** Returns all details of one step. @param evidence of the run, or of the step only */
export function stepDetail(
  material: RunMaterial,
  record: RunRecord,
  step: StoredStep,
  evidence: readonly StoredEvidence[],
): StepDetail {
  const { run, journal } = material;
  const shown = record.steps.find(({ id }) => id === step.id);
  const attempts = stepAttempts(journal, record.status).get(step.id) ?? [];
  return {
    run: run.id,
    workflow: run.workflow,
    id: step.id,
    stage: step.stage,
    kind: step.kind,
    ...(step.host === undefined ? {} : { host: step.host }),
    status: shown?.status ?? step.status,
    startedAt: isoTime(step.startedAt),
    finishedAt: step.finishedAt === null ? null : isoTime(step.finishedAt),
    durationMs: shown?.durationMs ?? null,
    input: step.input,
    output: step.output,
    error: step.error,
    attempts: attempts.map(attemptRecord),
    changes: material.changes
      .filter((change) => change.step === step.id)
      .map((change) => changeDetail(change, journal)),
    evidence: evidence.filter((item) => item.step === step.id).map((item) => evidenceRecord(item, step.stage)),
  };
}

function attemptRecord({ attempt, outcome, startedAt, finishedAt, error, retryAt }: StepAttempt): AttemptRecord {
  return {
    attempt,
    outcome,
    startedAt: isoTime(startedAt),
    finishedAt: finishedAt === null ? null : isoTime(finishedAt),
    durationMs: finishedAt === null ? null : Math.max(0, finishedAt - startedAt),
    error,
    retryAt: retryAt === null ? null : isoTime(retryAt),
  };
}

function changeDetail(change: Change, journal: readonly JournalEntry[]): ChangeDetail {
  const { record, seq } = change;
  return { ...changeRecord(change), record, history: journal.flatMap((entry) => momentOf(seq, entry)) };
}

function momentOf(seq: number, { at, event }: JournalEntry): readonly ChangeMoment[] {
  const moment = (status: ChangeMoment['status'], reason: string | null = null) => [
    { at: isoTime(at), status, reason },
  ];
  switch (event.type) {
    case 'change.intended':
      return event.change.seq === seq ? moment('intended') : [];
    case 'change.applied':
      return event.seq === seq ? moment('applied') : [];
    case 'change.reverting':
      return event.seq === seq ? moment('reverting') : [];
    case 'change.settled':
      return event.seq === seq ? moment(event.status, event.reason) : [];
    default:
      return [];
  }
}
