import { type Change, isInPlace } from '../model/change.ts';
import { asStepId } from '../model/ids.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';

/** The step of the change that is the guard of a run: its first one, which is undone last. No machine invokes it. */
export const GUARD_STEP = asStepId('wf:guard');

/** Returns the guard in a ledger; undefined if it has none, or none any more. */
export function guardIn(changes: readonly Change[]): Change | undefined {
  return changes.find((change) => change.step === GUARD_STEP && isInPlace(change));
}

/** Returns the changes in the order of undoing: newest first, the guard last. */
export function guardLast(changes: readonly Change[]): readonly Change[] {
  const isGuard = ({ step }: Change) => step === GUARD_STEP;
  return changes.toSorted((a, b) => Number(isGuard(a)) - Number(isGuard(b)) || b.seq - a.seq);
}

/** Returns the event by which the guard of a run was armed last; undefined if it was not, or not again since a retry. */
export function armedIn(entries: readonly JournalEntry[]): Extract<JournalEvent, { type: 'armed' }> | undefined {
  const last = entries.findLast(({ event }) => event.type === 'armed' || event.type === 'retried')?.event;
  return last?.type === 'armed' ? last : undefined;
}
