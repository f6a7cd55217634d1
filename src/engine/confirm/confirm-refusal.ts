import { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { ConfirmRule } from '../model/journal-event.ts';
import type { ConfirmStamp } from '../model/request.ts';
import { type BootDeadline, isBefore } from './boot-deadline.ts';

/** The conditions that a confirmation must fulfil. */
export interface ConfirmConditions {
  readonly rule: Pick<ConfirmRule, 'newSession'>;
  readonly deadline: BootDeadline;
  /** The newest login session when the deadline was set. */
  readonly newestSession: number | null;
}

/** Returns why a confirmation with this stamp does not count; undefined if it does. Pure. */
export function confirmRefusal(
  run: RunId,
  stamp: ConfirmStamp,
  { rule, deadline, newestSession }: ConfirmConditions,
): WfError | undefined {
  if (!isBefore(stamp, deadline)) {
    return refusal(run, 'its deadline has passed', `Check its end with \`wf show ${run}\`.`);
  }
  if (!rule.newSession) return undefined;
  if (stamp.session === null) {
    return refusal(run, 'this process belongs to no login session', 'Log in to this machine and confirm it there.');
  }
  if (newestSession === null || stamp.session > newestSession) return undefined;
  return refusal(
    run,
    `login session ${stamp.session} began before the change`,
    'Log in again: that proves that the machine can still be reached.',
  );
}

function refusal(run: RunId, why: string, hint: string): WfError {
  return new WfError('E_REQUEST_REFUSED', `run ${run} cannot be confirmed: ${why}`, { hint, details: { run } });
}

/** Returns the error of a run that wf undoes because nobody confirmed it. */
export function notConfirmed(run: RunId, why: string): WfError {
  return new WfError('E_NOT_CONFIRMED', `run ${run} was taken back: ${why}`, {
    hint: `Check its requests with \`wf show ${run}\`; start it again, and confirm it in time.`,
  });
}
