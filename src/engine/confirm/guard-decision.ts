import type { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { ConfirmRule, JournalEntry } from '../model/journal-event.ts';
import { isEnd, type StoredRunStatus } from '../ports/history.ts';
import { type BootMoment, isBefore } from './boot-deadline.ts';
import { notConfirmed } from './confirm-refusal.ts';
import { armedIn } from './guard-step.ts';
import { isConfirmed, unconfirmedIn } from './unconfirmed-run.ts';

/** The state of a guarded run. */
interface GuardedState {
  readonly run: RunId;
  readonly status: StoredRunStatus;
  readonly rule: ConfirmRule;
  readonly entries: readonly JournalEntry[];
  /** Milliseconds for which the guard has seen no living process that advances the run; null if one does. */
  readonly unownedMs: number | null;
  readonly now: BootMoment;
}

/** The next action of a guard. */
export type GuardDecision =
  | { readonly type: 'end' }
  | { readonly type: 'wait' }
  | { readonly type: 'conclude' }
  /** Continue the process that advances the run, if it is stopped (SIGSTOP): it is past its deadline. */
  | { readonly type: 'continue owner' }
  | { readonly type: 'roll back'; readonly cause: WfError };

/**
 * Decides what the guard of a run does now. It never acts while a process advances the run. A run that has lost its process before it was
 * unconfirmed may be resumed within the time that a person has to confirm it. Pure.
 */
export function guardDecision({ run, status, rule, entries, unownedMs, now }: GuardedState): GuardDecision {
  if (isEnd(status)) return { type: 'end' };
  const unconfirmed = unconfirmedIn(entries);
  const armed = armedIn(entries);
  const due = status === 'unconfirmed' ? unconfirmed?.deadline : armed?.applyBy;
  const isPast = due !== undefined && !isBefore(now, due);
  if (unownedMs === null) return { type: isPast && status !== 'rolling-back' ? 'continue owner' : 'wait' };
  const rollBack = (why: string): GuardDecision => ({ type: 'roll back', cause: notConfirmed(run, why) });
  if (status === 'rolling-back') return rollBack('its rollback was interrupted');
  if (status === 'unconfirmed' && unconfirmed !== undefined) {
    return { type: isConfirmed(entries) || isPast ? 'conclude' : 'wait' };
  }
  if (armed !== undefined && isPast) {
    const isSameBoot = armed.applyBy.bootId === now.bootId;
    return rollBack(isSameBoot ? 'it was not applied by its deadline' : 'the machine was restarted');
  }
  const mayContinue = status === 'paused' || status === 'waiting' || unownedMs < rule.withinMs;
  return mayContinue ? { type: 'wait' } : rollBack('the process that advanced it was gone');
}
