import type { StepId } from '../model/ids.ts';
import type { Effect, JournalEntry, JournalEvent } from '../model/journal-event.ts';

export type StartStep = Extract<Effect, { type: 'start-step' }>;

/** A step without an outcome in the journal. */
export interface OpenStep {
  readonly start: StartStep;
  /** The attempt that has begun or, if none has, is due. */
  readonly attempt: number;
  /** Number of failed attempts, without interrupted ones. */
  readonly failures: number;
  readonly journaled:
    | { readonly type: 'decided' }
    | { readonly type: 'begun' }
    | { readonly type: 'retrying'; readonly retryAt: number };
}

export type OpenSteps = ReadonlyMap<StepId, OpenStep>;

/** Returns the steps without an outcome in a journal, in the order of their decisions. Pure. */
export function openSteps(entries: readonly JournalEntry[]): OpenSteps {
  const open = new Map<StepId, OpenStep>();
  for (const { event } of entries) follow(open, event);
  return open;
}

function follow(open: Map<StepId, OpenStep>, event: JournalEvent): void {
  switch (event.type) {
    case 'decided':
      for (const effect of event.effects) {
        if (effect.type === 'start-step')
          open.set(effect.step, { start: effect, attempt: 1, failures: 0, journaled: BEGUN });
      }
      return;
    case 'step.attempted':
      alter(open, event.step, (step) => ({ ...step, attempt: event.attempt, journaled: BEGUN }));
      return;
    case 'step.retrying':
      alter(open, event.step, (step) => ({
        ...step,
        attempt: event.attempt,
        failures: step.failures + 1,
        journaled: { type: 'retrying', retryAt: event.retryAt },
      }));
      return;
    case 'step.succeeded':
    case 'step.failed':
    case 'step.stopped':
      open.delete(event.step);
      return;
    // Both follow the outcomes of all running steps: a step that is still open has not begun.
    case 'paused':
    case 'interrupted':
      for (const [id, step] of open)
        if (step.journaled.type === 'begun') open.set(id, { ...step, journaled: { type: 'decided' } });
      return;
    default:
  }
}

const BEGUN = { type: 'begun' } as const;

function alter(open: Map<StepId, OpenStep>, id: StepId, change: (step: OpenStep) => OpenStep): void {
  const step = open.get(id);
  if (step !== undefined) open.set(id, change(step));
}
