import type { StepId } from '../engine/ids.ts';
import type { JournalEntry } from '../engine/journal-event.ts';
import type { RunStatus } from '../engine/ports/history.ts';

/** An attempt that has begun and of which the journal does not say how it ended. */
interface OpenAttempt {
  readonly attempt: number;
  /** Whether another process has taken the run over since. */
  readonly isOfEarlierOwner: boolean;
}

/**
 * By step, the attempts that never had an outcome because their process was gone. A step that was decided and not begun
 * has none.
 */
export function interruptedAttempts(
  journal: readonly JournalEntry[],
  status: RunStatus,
): ReadonlyMap<StepId, readonly number[]> {
  const open = new Map<StepId, OpenAttempt>();
  const interrupted = new Map<StepId, readonly number[]>();
  const wasInterrupted = (step: StepId, attempt: number) =>
    interrupted.set(step, [...(interrupted.get(step) ?? []), attempt]);
  const begin = (step: StepId, attempt: number) => open.set(step, { attempt, isOfEarlierOwner: false });

  for (const { event } of journal) {
    switch (event.type) {
      case 'lease.taken':
        for (const [step, { attempt }] of open) open.set(step, { attempt, isOfEarlierOwner: true });
        break;
      case 'decided':
        for (const effect of event.effects) if (effect.type === 'start-step') begin(effect.step, 1);
        break;
      case 'step.attempted': {
        const earlier = open.get(event.step);
        if (earlier !== undefined && earlier.attempt < event.attempt) wasInterrupted(event.step, earlier.attempt);
        begin(event.step, event.attempt);
        break;
      }
      case 'step.stopped': {
        const earlier = open.get(event.step);
        if (earlier?.isOfEarlierOwner === true) wasInterrupted(event.step, earlier.attempt);
        open.delete(event.step);
        break;
      }
      case 'step.succeeded':
      case 'step.retrying':
      case 'step.failed':
        open.delete(event.step);
        break;
      // Both come after all that was under way has come to its outcome: what is still open was not begun.
      case 'paused':
      case 'interrupted':
        open.clear();
        break;
      default:
    }
  }
  if (status === 'interrupted') for (const [step, { attempt }] of open) wasInterrupted(step, attempt);
  return interrupted;
}
