import type { StepId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';

/** `due`: decided, and not begun. */
export type StepEnd = 'due' | 'begun' | 'succeeded' | 'failed' | 'stopped';

/** Returns the state of the last visit to each step that was started, by invoke id. */
export function stepEnds(journal: readonly JournalEntry[]): ReadonlyMap<string, StepEnd> {
  const invokes = new Map<StepId, string>();
  const ends = new Map<string, StepEnd>();
  const settle = (step: StepId, end: StepEnd) => {
    const invoke = invokes.get(step);
    if (invoke !== undefined) ends.set(invoke, end);
  };
  for (const { event } of journal) {
    switch (event.type) {
      case 'decided':
      case 'retried':
        for (const effect of event.effects) {
          if (effect.type !== 'start-step') continue;
          invokes.set(effect.step, effect.invoke);
          ends.set(effect.invoke, 'due');
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
  return ends;
}
