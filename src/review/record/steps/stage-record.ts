import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import type { RunStatus, StoredStep } from '../../../engine/ports/history.ts';
import { isEnd } from '../../../engine/ports/history.ts';
import { openSteps } from '../../../engine/run/loop/open-steps.ts';
import { advancedMs, type IdlePeriod, idlePeriods } from '../../timeline/idle-time.ts';
import { answersFailure, followStages, NO_VISITS, type StageVisit } from './stage-visits.ts';

export type StageStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'interrupted';

/** A stage of the run record. */
export interface StageRecord {
  readonly name: string;
  readonly status: StageStatus;
  /** Over all visits; null if the stage was never entered, has not ended, or its end was not journaled. */
  readonly durationMs: number | null;
}

/** The facts from which the stages of a run are derived. */
export interface StageMaterial {
  readonly status: RunStatus;
  /** In the order of the definition; if empty, the stages in the journal are used. */
  readonly stageNames: readonly string[];
  readonly journal: readonly JournalEntry[];
  readonly steps: readonly StoredStep[];
}

/** Returns the stages of a run by the decisions in its journal. */
export function stageRecords(material: StageMaterial): readonly StageRecord[] {
  const idle = idlePeriods(material.journal);
  const visits = material.journal.reduce((sofar, entry) => followStages(sofar, entry, idle), NO_VISITS);
  const names = material.stageNames.length > 0 ? material.stageNames : [...visits.keys()];
  return names.map((name) => {
    const visit = visits.get(name);
    return visit === undefined
      ? { name, status: isOver(material.status) ? 'skipped' : 'pending', durationMs: null }
      : visitRecord(visit, material, idle);
  });
}

function visitRecord(visit: StageVisit, material: StageMaterial, idle: readonly IdlePeriod[]): StageRecord {
  const { name } = visit;
  if (!visit.active) {
    return { name, status: visit.leftByFailure ? 'failed' : 'succeeded', durationMs: visit.durationMs };
  }
  const status = statusOfActive(visit, material);
  // The end of an interrupted stage was not journaled; a running or pending one has not ended.
  if (status === 'interrupted' || status === 'running' || status === 'pending')
    return { name, status, durationMs: null };
  const end = lastDecision(material.journal)?.at ?? visit.enteredAt;
  return { name, status, durationMs: visit.durationMs + advancedMs(visit.enteredAt, end, idle) };
}

/** Returns the status of a stage that is active after the last decision. */
function statusOfActive(visit: StageVisit, { status, journal, steps }: StageMaterial): StageStatus {
  if (status === 'succeeded') return 'succeeded';
  if (status === 'interrupted' || status === 'paused')
    return isDue(visit, status, journal, steps) ? 'pending' : 'interrupted';
  if (!isOver(status)) return 'running';
  const own = steps.filter((step) => step.stage === visit.name);
  const last = lastDecision(journal);
  if (own.some((step) => step.status === 'failed') || (last !== undefined && answersFailure(last))) return 'failed';
  return wasInterrupted(journal, own) ? 'interrupted' : 'failed';
}

/** Whether the machine has entered a stage but begun none of its steps. */
function isDue(
  visit: StageVisit,
  status: 'interrupted' | 'paused',
  journal: readonly JournalEntry[],
  steps: readonly StoredStep[],
): boolean {
  const own = steps.filter((step) => step.stage === visit.name && step.startedAt >= visit.enteredAt);
  const open = openSteps(journal);
  // A stage without steps has nothing to begin.
  if (own.length === 0) return status === 'paused';
  return own.every((step) => open.get(step.id)?.journaled.type === 'decided');
}

function wasInterrupted(journal: readonly JournalEntry[], steps: readonly StoredStep[]): boolean {
  const decision = lastDecision(journal)?.seq ?? 0;
  return (
    steps.some((step) => step.status === 'running' || step.status === 'retrying') ||
    journal.some((entry) => entry.seq > decision && entry.event.type === 'interrupted')
  );
}

/** A retry brings the machine into another state, as a decision does. */
function lastDecision(journal: readonly JournalEntry[]): JournalEntry | undefined {
  return journal.findLast(({ event }) => event.type === 'decided' || event.type === 'retried');
}

/** Whether the run will enter no other stage. */
function isOver(status: RunStatus): boolean {
  return isEnd(status) || status === 'rolling-back';
}
