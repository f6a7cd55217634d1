import { childrenAround, groupOf, type StepId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';

/** `due`: decided, and not begun. */
export type StepEnd = 'due' | 'begun' | 'succeeded' | 'failed' | 'stopped';

/** The state of a `forEach` or a child workflow is the first of these that one of its steps has. */
const OF_ALL_STEPS: readonly StepEnd[] = ['failed', 'begun', 'stopped', 'due', 'succeeded'];

/** The steps of one visit: those of its items or its child workflow, or the only one. */
interface Visit {
  readonly step: string;
  readonly ends: Map<StepId, StepEnd>;
}

/** Returns the state of the last visit to each step that was started, and to each child workflow with one, by invoke id. */
export function stepEnds(journal: readonly JournalEntry[]): ReadonlyMap<string, StepEnd> {
  const visits = new Map<string, Visit>();
  const visitsOf = new Map<StepId, readonly Visit[]>();
  const settle = (step: StepId, end: StepEnd) => {
    for (const { ends } of visitsOf.get(step) ?? []) ends.set(step, end);
  };
  let children: readonly string[] = [];
  const childEnds = new Map<string, StepEnd>();
  const visitTo = (invoke: string, step: string): Visit => {
    const last = visits.get(invoke);
    const visit = last?.step === step ? last : { step, ends: new Map<StepId, StepEnd>() };
    visits.set(invoke, visit);
    return visit;
  };
  for (const { event } of journal) {
    switch (event.type) {
      case 'decided':
      case 'retried':
        children = Object.keys(event.children ?? {});
        if (event.type === 'decided')
          for (const [invoke, end] of Object.entries(event.ended ?? {})) childEnds.set(invoke, end);
        for (const invoke of children) childEnds.delete(invoke);
        for (const effect of event.effects) {
          if (effect.type !== 'start-step') continue;
          const steps = [...childrenAround(effect.step), groupOf(effect.step) ?? effect.step];
          const invokes = [...childrenAround(effect.invoke), effect.invoke];
          visitsOf.set(
            effect.step,
            invokes.map((invoke, index) => visitTo(invoke, steps[index] ?? effect.step)),
          );
          settle(effect.step, 'due');
        }
        break;
      case 'step.attempted':
      case 'step.retrying':
        settle(event.step, 'begun');
        break;
      case 'step.succeeded':
        settle(event.step, 'succeeded');
        break;
      case 'step.failed':
        settle(event.step, 'failed');
        break;
      case 'step.stopped':
        settle(event.step, 'stopped');
    }
  }
  return new Map([
    ...[...visits].map(([invoke, { ends }]) => [invoke, endOf([...ends.values()])] as const),
    // A child workflow may have answered the failure of a step.
    ...childEnds,
    // A child workflow may wait between its steps.
    ...children.map((invoke) => [invoke, 'begun'] as const),
  ]);
}

function endOf(ends: readonly StepEnd[]): StepEnd {
  return OF_ALL_STEPS.find((end) => ends.includes(end)) ?? 'due';
}
