import type { StepId } from '../../../engine/model/ids.ts';
import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import type { RunStatus } from '../../../engine/ports/history.ts';
import { stepAttempts } from './step-attempts.ts';

/**
 * Returns the attempts without an outcome because their process was gone, by step. A step that was decided and not begun has none.
 */
export function interruptedAttempts(
  journal: readonly JournalEntry[],
  status: RunStatus,
): ReadonlyMap<StepId, readonly number[]> {
  const interrupted = [...stepAttempts(journal, status)].map(
    ([step, attempts]) =>
      [step, attempts.filter(({ outcome }) => outcome === 'interrupted').map(({ attempt }) => attempt)] as const,
  );
  return new Map(interrupted.filter(([, attempts]) => attempts.length > 0));
}
