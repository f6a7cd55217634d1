import { groupOf, type StepId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';

/** `due`: decided, and not begun. */
export type StepEnd = 'due' | 'begun' | 'succeeded' | 'failed' | 'stopped';

/** The state of a `forEach` is the first of these that an item has. */
const OF_ALL_ITEMS: readonly StepEnd[] = ['failed', 'begun', 'stopped', 'due', 'succeeded'];

/** The steps of one visit: those of its items, or the only one. */
interface Visit {
  readonly step: string;
  readonly ends: Map<StepId, StepEnd>;
}

/** Returns the state of the last visit to each step that was started, by invoke id. */
export function stepEnds(journal: readonly JournalEntry[]): ReadonlyMap<string, StepEnd> {
  const visits = new Map<string, Visit>();
  const visitOf = new Map<StepId, Visit>();
  const settle = (step: StepId, end: StepEnd) => visitOf.get(step)?.ends.set(step, end);
  for (const { event } of journal) {
    switch (event.type) {
      case 'decided':
      case 'retried':
        for (const effect of event.effects) {
          if (effect.type !== 'start-step') continue;
          const step = groupOf(effect.step) ?? effect.step;
          const last = visits.get(effect.invoke);
          const visit = last?.step === step ? last : { step, ends: new Map<StepId, StepEnd>() };
          visits.set(effect.invoke, visit);
          visitOf.set(effect.step, visit);
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
  return new Map([...visits].map(([invoke, { ends }]) => [invoke, endOf([...ends.values()])]));
}

function endOf(ends: readonly StepEnd[]): StepEnd {
  return OF_ALL_ITEMS.find((end) => ends.includes(end)) ?? 'due';
}
