import type { ErrorRecord } from '../../model/errors.ts';
import type { StepId } from '../../model/ids.ts';
import type { Effect, JournalEntry, JournalEvent } from '../../model/journal-event.ts';

export type StartStep = Extract<Effect, { type: 'start-step' }>;

/** A step without an outcome in the journal. */
export interface OpenStep {
  readonly start: StartStep;
  /** The attempt that has begun or, if none has, is due. */
  readonly attempt: number;
  /** Number of failed attempts, without interrupted ones. */
  readonly failures: number;
  /** The error of the last attempt if it is retried, and the next has not begun; null otherwise. */
  readonly retriedAfter: ErrorRecord | null;
  readonly journaled: /** Due, and not begun: the run paused before, or is retried. */
  { readonly type: 'decided' } | { readonly type: 'begun' } | { readonly type: 'retrying'; readonly retryAt: number };
}

export type OpenSteps = ReadonlyMap<StepId, OpenStep>;

/** Returns the steps without an outcome in a journal, in the order of their decisions. Pure. */
export function openSteps(entries: readonly JournalEntry[]): OpenSteps {
  const open = new Map<StepId, OpenStep>();
  const begun: BegunAttempts = new Map();
  for (const { event } of entries) follow(open, begun, event);
  return open;
}

/** The last attempt that has begun, by step, and the error with which it failed. */
type BegunAttempts = Map<StepId, { readonly attempt: number; readonly error: ErrorRecord | null }>;

function follow(open: Map<StepId, OpenStep>, begun: BegunAttempts, event: JournalEvent): void {
  switch (event.type) {
    case 'decided':
      for (const effect of event.effects) {
        if (effect.type !== 'start-step') continue;
        open.set(effect.step, { start: effect, attempt: 1, failures: 0, retriedAfter: null, journaled: BEGUN });
        begun.set(effect.step, { attempt: 1, error: null });
      }
      return;
    case 'retried':
      for (const effect of event.effects) {
        if (effect.type !== 'start-step') continue;
        const { attempt, error } = begun.get(effect.step) ?? { attempt: 0, error: null };
        open.set(effect.step, {
          start: effect,
          attempt: attempt + 1,
          failures: 0,
          retriedAfter: error,
          journaled: DUE,
        });
      }
      return;
    case 'step.attempted':
      begun.set(event.step, { attempt: event.attempt, error: null });
      alter(open, event.step, (step) => ({ ...step, attempt: event.attempt, retriedAfter: null, journaled: BEGUN }));
      return;
    case 'step.retrying':
      alter(open, event.step, (step) => ({
        ...step,
        attempt: event.attempt,
        failures: step.failures + 1,
        retriedAfter: event.error,
        journaled: { type: 'retrying', retryAt: event.retryAt },
      }));
      return;
    case 'step.failed':
      begun.set(event.step, event);
      open.delete(event.step);
      return;
    case 'step.succeeded':
    case 'step.stopped':
      open.delete(event.step);
      return;
    // Both follow the outcomes of all running steps: a step that is still open has not begun.
    case 'paused':
    case 'interrupted':
      for (const [id, step] of open) {
        if (step.journaled.type !== 'begun') continue;
        open.set(id, { ...step, journaled: DUE });
        begun.set(id, { attempt: step.attempt - 1, error: null });
      }
      return;
    default:
  }
}

const BEGUN = { type: 'begun' } as const;
const DUE = { type: 'decided' } as const;

function alter(open: Map<StepId, OpenStep>, id: StepId, change: (step: OpenStep) => OpenStep): void {
  const step = open.get(id);
  if (step !== undefined) open.set(id, change(step));
}
