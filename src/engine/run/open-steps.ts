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
  readonly journaled: /** Due, and not begun: the run paused before, or is retried. */
  { readonly type: 'decided' } | { readonly type: 'begun' } | { readonly type: 'retrying'; readonly retryAt: number };
}

export type OpenSteps = ReadonlyMap<StepId, OpenStep>;

/** Returns the steps without an outcome in a journal, in the order of their decisions. Pure. */
export function openSteps(entries: readonly JournalEntry[]): OpenSteps {
  const open = new Map<StepId, OpenStep>();
  /** The last attempt that has begun, by step. */
  const begun = new Map<StepId, number>();
  for (const { event } of entries) follow(open, begun, event);
  return open;
}

function follow(open: Map<StepId, OpenStep>, begun: Map<StepId, number>, event: JournalEvent): void {
  switch (event.type) {
    case 'decided':
      for (const effect of event.effects) {
        if (effect.type !== 'start-step') continue;
        open.set(effect.step, { start: effect, attempt: 1, failures: 0, journaled: BEGUN });
        begun.set(effect.step, 1);
      }
      return;
    case 'retried':
      for (const effect of event.effects) {
        if (effect.type !== 'start-step') continue;
        const attempt = (begun.get(effect.step) ?? 0) + 1;
        open.set(effect.step, { start: effect, attempt, failures: 0, journaled: DUE });
      }
      return;
    case 'step.attempted':
      begun.set(event.step, event.attempt);
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
      for (const [id, step] of open) {
        if (step.journaled.type !== 'begun') continue;
        open.set(id, { ...step, journaled: DUE });
        begun.set(id, step.attempt - 1);
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
