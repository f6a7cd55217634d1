import type { ErrorRecord } from '../engine/model/errors.ts';
import type { StepId } from '../engine/model/ids.ts';
import type { Effect, JournalEntry } from '../engine/model/journal-event.ts';
import { pipelineResult } from './pipeline-result.ts';
import { lasting, type RunSpan, type SpanError } from './span.ts';
import type { SpanIds } from './span-ids.ts';

/** The turn of the process that advances the run. */
export interface Turn {
  /** The id of its span. */
  readonly id: string;
  readonly pid: number;
}

export interface StepSpans {
  /** Takes the next journal entry. Returns the spans that end with it. */
  follow(entry: JournalEntry, turn: Turn): readonly RunSpan[];
  /** Ends the attempts whose process is gone. Their steps continue in a later turn. */
  breakOff(at: number): readonly RunSpan[];
  /** Ends all that is open when the run ends. */
  endAll(at: number, turn: Turn): readonly RunSpan[];
}

interface OpenStep {
  readonly id: string;
  readonly start: Extract<Effect, { type: 'start-step' }>;
  startedAt: number;
  /** The number of attempts that have ended. */
  attempts: number;
  /** The turns in which they ended. */
  readonly turns: Set<string>;
}

interface OpenAttempt {
  readonly id: string;
  readonly number: number;
  readonly startedAt: number;
  readonly turn: Turn;
}

/** `interrupted`: its process ended before its outcome. */
type AttemptOutcome = 'succeeded' | 'failed' | 'stopped' | 'interrupted';

/** The error of an attempt or a turn whose process was killed. */
export const PROCESS_GONE: SpanError = {
  type: 'E_INTERRUPTED',
  message: 'its process ended, or lost the run, without releasing it',
};

/** Turns the entries on steps into spans: one for each step, and below it one for each attempt, linked to the turns of their processes. */
export function createStepSpans(ids: SpanIds): StepSpans {
  const steps = new Map<StepId, OpenStep>();
  const attempts = new Map<StepId, OpenAttempt>();

  function begin(start: OpenStep['start'], { seq, at }: JournalEntry): void {
    const id = ids.of('step', seq, start.step);
    steps.set(start.step, { id, start, startedAt: at, attempts: 0, turns: new Set() });
  }

  function beginAttempt(step: StepId, number: number, { seq, at }: JournalEntry, turn: Turn): void {
    const open = steps.get(step);
    if (open === undefined) return;
    // The run may have paused between the decision and the first attempt.
    if (open.attempts === 0) open.startedAt = at;
    attempts.set(step, { id: ids.of('attempt', seq, step), number, startedAt: at, turn });
  }

  function endAttempt(step: StepId, at: number, outcome: AttemptOutcome, error: SpanError | null): readonly RunSpan[] {
    const [open, attempt] = [steps.get(step), attempts.get(step)];
    if (open === undefined || attempt === undefined) return [];
    attempts.delete(step);
    open.attempts += 1;
    open.turns.add(attempt.turn.id);
    return [
      {
        id: attempt.id,
        parent: open.id,
        name: 'attempt',
        kind: 'internal',
        ...lasting(attempt.startedAt, at),
        attributes: {
          'wf.step.id': step,
          'wf.attempt.number': attempt.number,
          'wf.attempt.outcome': outcome,
          'error.type': error?.type,
        },
        events: [],
        links: [attempt.turn.id],
        error,
        pid: attempt.turn.pid,
      },
    ];
  }

  function endStep(step: StepId, at: number, error: ErrorRecord | 'none' | 'stopped', turn: Turn): readonly RunSpan[] {
    const open = steps.get(step);
    if (open === undefined) return [];
    steps.delete(step);
    const failure = typeof error === 'string' ? null : spanError(error);
    const { start, turns } = open;
    return [
      {
        id: open.id,
        parent: ids.root,
        name: start.invoke,
        kind: 'internal',
        ...lasting(open.startedAt, at),
        attributes: {
          'cicd.pipeline.task.name': start.invoke,
          'cicd.pipeline.task.run.id': step,
          'cicd.pipeline.task.run.result': resultOf(error),
          'error.type': failure?.type,
          'wf.step.kind': start.kind,
          'wf.step.host': start.host,
          'wf.step.stage': start.stage,
          'wf.step.attempts': open.attempts,
        },
        events: [],
        links: turns.size === 0 ? [turn.id] : [...turns],
        error: failure,
        pid: turn.pid,
      },
    ];
  }

  function stop(step: StepId, at: number, turn: Turn): readonly RunSpan[] {
    return [...endAttempt(step, at, 'stopped', null), ...endStep(step, at, 'stopped', turn)];
  }

  return {
    follow(entry, turn) {
      const { at, event } = entry;
      switch (event.type) {
        case 'decided':
        case 'retried':
          for (const effect of event.effects) {
            if (effect.type !== 'start-step') continue;
            begin(effect, entry);
            // A retried step begins with an event of its own.
            if (event.type === 'decided') beginAttempt(effect.step, 1, entry, turn);
          }
          return [];
        case 'step.attempted':
          beginAttempt(event.step, event.attempt, entry, turn);
          return [];
        case 'step.succeeded':
          return [...endAttempt(event.step, at, 'succeeded', null), ...endStep(event.step, at, 'none', turn)];
        case 'step.retrying':
          return endAttempt(event.step, at, 'failed', spanError(event.error));
        case 'step.failed':
          return [
            ...endAttempt(event.step, at, 'failed', spanError(event.error)),
            ...endStep(event.step, at, event.error, turn),
          ];
        case 'step.stopped':
          return stop(event.step, at, turn);
        // Both follow the outcomes of all running steps: an attempt that is still open has not begun.
        case 'paused':
        case 'interrupted':
          attempts.clear();
          return [];
        default:
          return [];
      }
    },
    breakOff: (at) => [...attempts.keys()].flatMap((step) => endAttempt(step, at, 'interrupted', PROCESS_GONE)),
    endAll: (at, turn) => [...steps.keys()].flatMap((step) => stop(step, at, turn)),
  };
}

export function spanError({ code, message }: ErrorRecord): SpanError {
  return { type: code, message };
}

function resultOf(error: ErrorRecord | 'none' | 'stopped') {
  if (error === 'none') return 'success';
  return error === 'stopped' ? 'cancellation' : pipelineResult(error.code);
}
