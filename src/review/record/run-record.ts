import type { Change, ChangeStatus, Verification } from '../../engine/model/change.ts';
import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { Json, JsonObject } from '../../engine/model/json.ts';
import type { RunStatus, StepStatus, StoredRun, StoredStep } from '../../engine/ports/history.ts';
import { type OpenStep, openSteps } from '../../engine/run/loop/open-steps.ts';
import type { Proof } from '../../engine/workflow/workflow.ts';
import { advancedMs, elapsedMs, type IdlePeriod, idlePeriods } from '../timeline/idle-time.ts';
import { isoTime } from './iso-time.ts';
import { type RequestRecord, requestRecords } from './request-record.ts';
import type { RunMaterial } from './run-material.ts';
import { runProofs } from './run-proofs.ts';
import { type IsAlive, runStatus } from './run-status.ts';
import { type StageRecord, stageRecords } from './steps/stage-record.ts';
import { type WaitingFor, waitingFor, waitingForConfirmation } from './waiting-for.ts';

/** An item of `wf runs --json`. Times are ISO 8601 in UTC, durations are in milliseconds; null is "not yet". */
export interface RunSummary {
  readonly id: string;
  readonly workflow: string;
  readonly definitionHash: string;
  readonly status: RunStatus;
  readonly runtime: string;
  readonly input: JsonObject;
  /** The output of the machine; null unless the run succeeded. */
  readonly output: Json;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** From the start to the end. */
  readonly durationMs: number | null;
  /** Null unless the run waits. */
  readonly waitingFor: WaitingFor | null;
  /** The plan that the run carries out; null if it was started without one. */
  readonly plan: string | null;
  readonly error: ErrorRecord | null;
  /** Changes in place on this host: `intended`, `applied`, `kept` or `stuck`. */
  readonly changesInPlace: number;
  /** The rolled-back run that this one started anew; absent for other runs. */
  readonly retryOf?: string;
  /** The run that started this one anew; absent if none did. */
  readonly retriedAs?: string;
  /** Set if an agent resumes the run when its process is gone; absent for other runs. */
  readonly resume?: 'auto';
  /** The machine on which an imported run took place; absent for other runs. */
  readonly importedFrom?: string;
}

/** The output of `start`, `resume`, `rollback` and `show` with `--json`: a public contract with exactly these members. */
export interface RunRecord extends Omit<RunSummary, 'changesInPlace'> {
  readonly stages: readonly StageRecord[];
  readonly steps: readonly StepRecord[];
  readonly changes: readonly ChangeRecord[];
  /** The proofs of the run, according to its workflow; empty unless it succeeded. */
  readonly proofs: readonly Proof[];
  /** The requests of people and programs to the run, oldest first. */
  readonly requests: readonly RequestRecord[];
  readonly verification: Verification | null;
}

/**
 * Step statuses with two derived ones. `interrupted`: the process that carried out the step is gone. `pending`: the step was decided, and
 * not begun before the run paused or was asked to stop.
 */
export type ShownStepStatus = StepStatus | 'interrupted' | 'pending';

export interface StepRecord {
  readonly id: string;
  readonly stage: string;
  readonly kind: string;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string;
  readonly status: ShownStepStatus;
  /** The attempts that have begun: 0 for a pending step, unless the run is retried. */
  readonly attempts: number;
  /** When the step began; for a pending step, when it was decided. */
  readonly startedAt: string;
  /** Without idle time, in which nobody advanced the run. */
  readonly durationMs: number | null;
  readonly output: Json;
  readonly error: ErrorRecord | null;
}

export interface ChangeRecord {
  readonly seq: number;
  readonly step: string;
  readonly kind: string;
  readonly target: string;
  /** `meta.title` of the state whose step made it; absent if it has none. */
  readonly title?: string;
  /** The named host that was altered, whose name begins the target; absent for the run's own. */
  readonly host?: string;
  readonly status: ChangeStatus;
  /** Why it has this status, such as why its undo failed. */
  readonly reason: string | null;
  /** The command lines that undo it by hand, in this order. */
  readonly undo: readonly string[];
}

/** Returns the run record of one run. */
export function runRecord(material: RunMaterial, isAlive: IsAlive): RunRecord {
  const { error, changesInPlace: _counted, ...summary } = runSummary(material.run, isAlive, () => material);
  const proofs = runProofs(material.journal);
  const open = openSteps(material.journal);
  const idle = idlePeriods(material.journal);
  return {
    ...summary,
    stages: stageRecords({ ...material, status: summary.status }),
    steps: material.steps.map((step) => stepRecord(step, open.get(step.id), summary.status, idle)),
    changes: material.changes.map(changeRecord),
    proofs: proofs?.type === 'reported' ? proofs.proofs : [],
    requests: requestRecords(material.journal),
    verification: material.verification === undefined ? null : verificationRecord(material.verification),
    error,
  };
}

/**
 * Returns the run record without stages, steps, changes, proofs, requests and verification.
 * @param material called if the run waits
 */
export function runSummary(
  run: StoredRun,
  isAlive: IsAlive,
  material: () => Pick<RunMaterial, 'journal' | 'eventSchemas'>,
): RunSummary {
  const status = runStatus(run, isAlive);
  return {
    id: run.id,
    workflow: run.workflow,
    definitionHash: run.definitionHash,
    status,
    runtime: run.runtime,
    input: run.input,
    output: run.output,
    createdAt: isoTime(run.createdAt),
    startedAt: run.startedAt === null ? null : isoTime(run.startedAt),
    finishedAt: run.finishedAt === null ? null : isoTime(run.finishedAt),
    durationMs: durationOf(run),
    waitingFor: waitsFor(status, material),
    plan: run.options.plan ?? null,
    error: run.error,
    changesInPlace: run.changesInPlace,
    ...(run.options.retryOf === undefined ? {} : { retryOf: run.options.retryOf }),
    ...(run.retriedAs === null ? {} : { retriedAs: run.retriedAs }),
    ...(run.options.resume === undefined ? {} : { resume: run.options.resume }),
    ...(run.importedFrom === null ? {} : { importedFrom: run.importedFrom }),
  };
}

function waitsFor(status: RunStatus, material: () => Pick<RunMaterial, 'journal' | 'eventSchemas'>): WaitingFor | null {
  if (status === 'waiting') return waitingFor(material());
  return status === 'unconfirmed' ? waitingForConfirmation(material()) : null;
}

/** Returns the time from the start of a run to its end; null if it has not ended. */
export function durationOf({ startedAt, finishedAt }: StoredRun): number | null {
  return startedAt === null || finishedAt === null ? null : elapsedMs(startedAt, finishedAt);
}

/** Returns a change for the run record. */
export function changeRecord(change: Change): ChangeRecord {
  const { seq, step, kind, target, title, host, status, reason, undo } = change;
  const given = { ...(title === undefined ? {} : { title }), ...(host === undefined ? {} : { host }) };
  return { seq, step, kind, target, ...given, status, reason, undo };
}

function stepRecord(
  step: StoredStep,
  open: OpenStep | undefined,
  run: RunStatus,
  idle: readonly IdlePeriod[],
): StepRecord {
  const status = stepStatus(step.status, open, run);
  return {
    id: step.id,
    stage: step.stage,
    kind: step.kind,
    ...(step.host === undefined ? {} : { host: step.host }),
    status,
    attempts: status === 'pending' && open !== undefined ? open.attempt - 1 : step.attempts,
    startedAt: isoTime(step.startedAt),
    durationMs: step.finishedAt === null ? null : advancedMs(step.startedAt, step.finishedAt, idle),
    output: step.output,
    error: step.error,
  };
}

function stepStatus(stored: StepStatus, open: OpenStep | undefined, run: RunStatus): ShownStepStatus {
  if (stored !== 'running' && stored !== 'retrying') return stored;
  if (open?.journaled.type === 'decided') return 'pending';
  const advancing = run === 'running' || run === 'waiting';
  // A pause between two attempts interrupts none.
  return advancing || (run === 'paused' && stored === 'retrying') ? stored : 'interrupted';
}

function verificationRecord(verification: Verification): Verification {
  const { restored, residues, unexplained, drift, notCompared } = verification;
  return { restored, residues, unexplained, drift, notCompared };
}
