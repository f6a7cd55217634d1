import type { Verification } from '../../../engine/model/change.ts';
import type { ErrorRecord } from '../../../engine/model/errors.ts';
import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import type { Proof } from '../../../engine/workflow/workflow.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { type ActionRefusals, actionRefusals, type Here } from '../../../review/actions/action-refusals.ts';
import { nextActions, shellRefusal } from '../../../review/actions/allowed-actions.ts';
import type { RequestRecord } from '../../../review/record/request-record.ts';
import { type RunMaterial, readRunMaterial } from '../../../review/record/run-material.ts';
import {
  type ChangeRecord,
  type RunSummary,
  runRecord,
  runSummary,
  type StepRecord,
} from '../../../review/record/run-record.ts';
import type { StageRecord } from '../../../review/record/steps/stage-record.ts';
import { type WaitingFor, waitingFor } from '../../../review/record/waiting-for.ts';
import { type Span, type Timeline, timelineOf } from '../../../review/timeline/timeline.ts';
import { displayed } from '../displayed.ts';

/** A run as its page shows it. Times are ISO 8601 in UTC, durations are in milliseconds; null is "not yet". */
export interface RunView {
  /** The last entry of its journal that the view contains. */
  readonly seq: number;
  readonly run: RunSummary;
  readonly stages: readonly StageRow[];
  /** In the order in which they began. */
  readonly steps: readonly StepRow[];
  readonly changes: readonly ChangeRecord[];
  readonly proofs: readonly Proof[];
  readonly requests: readonly RequestRecord[];
  readonly verification: Verification | null;
  readonly timeline: TimelineView;
  readonly actions: ActionRefusals;
  /** Why `wf shell` cannot open a shell on its host now; null if it can. */
  readonly shell: ErrorRecord | null;
  /** The events that it waits for, as the workflow names them, also while no process advances it; null if it does not wait. */
  readonly expects: WaitingFor | null;
  /** The secret inputs, which wf does not store. */
  readonly secrets: readonly SecretInput[];
  /** The commands that resume, confirm, retry or undo the run, the most likely first. */
  readonly next: readonly string[];
  /** Number of pieces of evidence, which grows while a step runs. */
  readonly evidence: number;
}

/** A secret input of a run, by its name in the workflow. */
export interface SecretInput {
  readonly name: string;
  /** `env:VARIABLE` or `file:PATH`, from which it is read again; null if it was typed. */
  readonly source: string | null;
}

export interface StageRow extends StageRecord {
  readonly spans: readonly Span[];
}

/** A step without its output, which may be long. */
export interface StepRow extends Omit<StepRecord, 'output'> {
  readonly spans: readonly Span[];
}

export interface TimelineView {
  /** Without idle time, in which no process advanced the run. */
  readonly totalMs: number;
  /** Positions of the idle periods that are left out. */
  readonly gapsMs: readonly number[];
  readonly rollback: readonly Span[];
  /** Whether it grows with the clock. */
  readonly isAdvancing: boolean;
}

/** A run with only the steps and changes that have changed: a page merges them by `id` and `seq`. */
export type RunUpdate = RunView;

/** Returns the whole view of a run. */
export function runView(history: HistoryReader, run: StoredRun, here: Here, now: number): RunView {
  return viewOf(history, readRunMaterial(history, run), here, now, 0);
}

/** Returns the view of a run with only the steps and changes that the entries of its journal after a seq mention. */
export function runUpdate(
  history: HistoryReader,
  material: RunMaterial,
  here: Here,
  now: number,
  after: number,
): RunUpdate {
  return viewOf(history, material, here, now, after);
}

function viewOf(history: HistoryReader, material: RunMaterial, here: Here, now: number, after: number): RunView {
  const { isAlive } = here;
  const { run, journal } = material;
  const record = runRecord(material, isAlive);
  const timeline = timelineOf(journal, record.status, now);
  const mentioned = mentionedAfter(journal, after);
  const shown = displayed({
    seq: journal.at(-1)?.seq ?? 0,
    run: runSummary(run, isAlive, () => material),
    stages: record.stages.map((stage) => ({ ...stage, spans: timeline.stages.get(stage.name) ?? [] })),
    steps: material.steps.flatMap(({ id }, index) => {
      const step = record.steps[index];
      if (step === undefined || !(mentioned.isAll || mentioned.steps.has(id))) return [];
      const { output: _long, ...row } = step;
      return [{ ...row, spans: timeline.steps.get(id) ?? [] }];
    }),
    changes: record.changes.filter(({ seq }) => mentioned.isAll || mentioned.changes.has(seq)),
    proofs: record.proofs,
    requests: record.requests,
    verification: record.verification,
    timeline: timelineView(timeline, record.status),
    actions: actionRefusals({ journal: () => journal, changes: () => material.changes }, run, here),
    shell: shellRefusal(run, here.isAlive)?.toRecord() ?? null,
    next: nextActions(material, record.status),
    evidence: history.evidenceCount(run.id),
  });
  // The page sends the names of events, data and inputs back to the run: they stay unchanged.
  return {
    ...shown,
    expects: run.status === 'waiting' ? waitingFor(material) : null,
    secrets: Object.entries(run.options.secrets ?? {}).map(([name, source]) => ({ name, source })),
  };
}

function timelineView({ totalMs, gapsMs, rollback }: Timeline, status: RunSummary['status']): TimelineView {
  const isAdvancing = status === 'running' || status === 'rolling-back' || status === 'waiting';
  return { totalMs, gapsMs, rollback, isAdvancing };
}

interface Mentioned {
  /** Whether every step and change counts as mentioned: an entry may have changed them all. */
  readonly isAll: boolean;
  readonly steps: ReadonlySet<string>;
  readonly changes: ReadonlySet<number>;
}

/** Entries that change steps which they do not name: those under way when the process was gone, paused or ended. */
const CHANGES_OTHERS: readonly JournalEntry['event']['type'][] = [
  'lease.taken',
  'retried',
  'paused',
  'interrupted',
  'rolling-back',
  'ended',
];

function mentionedAfter(journal: readonly JournalEntry[], after: number): Mentioned {
  const first = journal.findIndex(({ seq }) => seq > after);
  const news = first === -1 ? [] : journal.slice(first);
  const isAll = after === 0 || news.some(({ event }) => CHANGES_OTHERS.includes(event.type));
  const steps = new Set<string>();
  const changes = new Set<number>();
  for (const { event } of isAll ? [] : news) {
    if (event.type === 'decided') for (const effect of event.effects) if ('step' in effect) steps.add(effect.step);
    if ('step' in event && typeof event.step === 'string') steps.add(event.step);
    if (event.type === 'change.intended') changes.add(event.change.seq);
    if ('seq' in event && typeof event.seq === 'number') changes.add(event.seq);
  }
  return { isAll, steps, changes };
}
