import type { ErrorRecord } from '../../../engine/model/errors.ts';
import type { StepId } from '../../../engine/model/ids.ts';
import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import type { RunStatus } from '../../../engine/ports/history.ts';

/** One attempt at a step. */
export interface StepAttempt {
  readonly attempt: number;
  /** `interrupted`: its process was gone before its outcome. */
  readonly outcome: 'running' | 'succeeded' | 'failed' | 'stopped' | 'interrupted';
  readonly startedAt: number;
  /** For an interrupted attempt, the last time at which its process journaled an event; null while it runs. */
  readonly finishedAt: number | null;
  readonly error: ErrorRecord | null;
  /** When the next attempt was due; null if there was none. */
  readonly retryAt: number | null;
}

type Ended = Pick<StepAttempt, 'attempt' | 'outcome'> & Partial<Pick<StepAttempt, 'error' | 'retryAt'>>;

/** Returns the attempts of each step, in order. A step that was decided and not begun has none. */
export function stepAttempts(
  journal: readonly JournalEntry[],
  status: RunStatus,
): ReadonlyMap<StepId, readonly StepAttempt[]> {
  const ended = new Map<StepId, readonly StepAttempt[]>();
  const open = new Map<StepId, StepAttempt>();

  const begin = (step: StepId, attempt: number, at: number) =>
    open.set(step, { attempt, outcome: 'running', startedAt: at, finishedAt: null, error: null, retryAt: null });
  const end = (step: StepId, at: number, outcome: Ended) => {
    const begun = open.get(step);
    if (begun === undefined) return;
    ended.set(step, [...(ended.get(step) ?? []), { ...begun, ...outcome, finishedAt: at }]);
    open.delete(step);
  };
  const interrupt = (at: number) => {
    for (const [step, { attempt }] of open) end(step, at, { attempt, outcome: 'interrupted' });
  };

  let previous = 0;
  for (const { at, event } of journal) {
    switch (event.type) {
      case 'lease.taken':
        interrupt(previous);
        break;
      case 'decided':
        for (const effect of event.effects) if (effect.type === 'start-step') begin(effect.step, 1, at);
        break;
      case 'step.attempted':
        begin(event.step, event.attempt, at);
        break;
      case 'step.succeeded':
        end(event.step, at, { attempt: event.attempt, outcome: 'succeeded' });
        break;
      case 'step.retrying':
        end(event.step, at, { ...failureOf(event), retryAt: event.retryAt });
        break;
      case 'step.failed':
        end(event.step, at, failureOf(event));
        break;
      case 'step.stopped':
        end(event.step, at, { attempt: event.attempt, outcome: 'stopped' });
        break;
      // Both follow the outcomes of all running steps: a step that is still open has not begun.
      case 'paused':
      case 'interrupted':
        open.clear();
        break;
      default:
    }
    previous = at;
  }
  if (status === 'interrupted') interrupt(previous);
  const running = [...open].map(([step, attempt]): readonly [StepId, readonly StepAttempt[]] => [
    step,
    [...(ended.get(step) ?? []), attempt],
  ]);
  return new Map([...ended, ...running]);
}

function failureOf({ attempt, error }: { readonly attempt: number; readonly error: ErrorRecord }): Ended {
  return { attempt, outcome: 'failed', error };
}
