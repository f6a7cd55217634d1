import { type Change, isInPlace } from '../model/change.ts';
import { asStepId } from '../model/ids.ts';

/** The step of the change that is the guard of a run: its first one, which is undone last. No machine invokes it. */
export const GUARD_STEP = asStepId('wf:guard');

/** Returns the guard in a ledger; undefined if it has none, or none any more. */
export function guardIn(changes: readonly Change[]): Change | undefined {
  return changes.find((change) => change.step === GUARD_STEP && isInPlace(change));
}
