import type { StepId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import { type StepAttempt, stepAttempts } from '../record/steps/step-attempts.ts';
import { advancedMs, elapsedMs, idlePeriods, withoutRequests } from './idle-time.ts';

/** A span of a run's time, in milliseconds since its start, without idle periods. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** `lost`: an attempt that failed or was interrupted; `between`: the time until the next attempt. */
  readonly type: 'work' | 'lost' | 'between';
}

/** The timeline of a run. */
export interface Timeline {
  readonly totalMs: number;
  /** Positions of the idle periods that are left out. */
  readonly gapsMs: readonly number[];
  /** Returns the position of a moment. */
  offsetAt(at: number): number;
  readonly stages: ReadonlyMap<string, readonly Span[]>;
  readonly steps: ReadonlyMap<StepId, readonly Span[]>;
  /** Spans in which its changes were undone. */
  readonly rollback: readonly Span[];
}

/** Returns the timeline of a run by its journal. A span that has not ended lasts until `now`, or until the run was released. */
export function timelineOf(journal: readonly JournalEntry[], status: RunStatus, now: number): Timeline {
  const begin = journal[0]?.at ?? now;
  const idle = idlePeriods(journal);
  const offsetAt = (at: number) => advancedMs(begin, at, idle);
  const advancing = status === 'running' || status === 'rolling-back' || status === 'waiting';
  const end = advancing ? now : (withoutRequests(journal).at(-1)?.at ?? now);
  const span = (from: number, to: number | null, type: Span['type']): Span => {
    const fromMs = offsetAt(from);
    return { fromMs, toMs: Math.max(fromMs, offsetAt(to ?? end)), type };
  };
  const steps = [...stepAttempts(journal, status)].map(
    ([step, attempts]) => [step, attempts.flatMap((attempt) => attemptSpans(attempt, span))] as const,
  );
  const stages = [...stageStays(journal)].map(
    ([name, stays]) => [name, stays.map(({ from, to }) => span(from, to, 'work'))] as const,
  );
  return {
    totalMs: offsetAt(end),
    gapsMs: idle.filter(({ from, to }) => elapsedMs(from, to) > 0).map(({ from }) => offsetAt(from)),
    offsetAt,
    stages: new Map(stages),
    steps: new Map(steps),
    rollback: rollbackStays(journal).map(({ from, to }) => span(from, to, 'work')),
  };
}

function attemptSpans(
  { outcome, startedAt, finishedAt, retryAt }: StepAttempt,
  span: (from: number, to: number | null, type: Span['type']) => Span,
): readonly Span[] {
  const type = outcome === 'failed' || outcome === 'interrupted' ? 'lost' : 'work';
  const tried = span(startedAt, finishedAt, type);
  return retryAt === null || finishedAt === null ? [tried] : [tried, span(finishedAt, retryAt, 'between')];
}

interface Stay {
  readonly from: number;
  readonly to: number | null;
}

function stageStays(journal: readonly JournalEntry[]): ReadonlyMap<string, readonly Stay[]> {
  const stays = new Map<string, readonly Stay[]>();
  let active: readonly string[] = [];
  for (const { at, event } of journal) {
    if (event.type !== 'decided' && event.type !== 'retried' && event.type !== 'rolling-back') continue;
    // A rollback does not change the state of the machine, but is not part of its stage.
    const stages = event.type === 'rolling-back' ? [] : event.stages;
    for (const name of active) {
      const own = stays.get(name) ?? [];
      if (!stages.includes(name))
        stays.set(
          name,
          own.map((stay) => ({ ...stay, to: stay.to ?? at })),
        );
    }
    for (const name of stages) {
      if (!active.includes(name)) stays.set(name, [...(stays.get(name) ?? []), { from: at, to: null }]);
    }
    active = stages;
  }
  return stays;
}

function rollbackStays(journal: readonly JournalEntry[]): readonly Stay[] {
  const begins = journal.filter(({ event }) => event.type === 'rolling-back');
  return begins.map(({ seq, at }) => {
    const end = journal.find(({ seq: later, event }) => later > seq && ENDS_ROLLBACK.includes(event.type));
    return { from: at, to: end?.at ?? null };
  });
}

/** Events that end a rollback. */
const ENDS_ROLLBACK: readonly JournalEntry['event']['type'][] = ['ended', 'interrupted'];
