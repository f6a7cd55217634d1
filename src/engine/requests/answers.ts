import { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import type { Demand, OpenRequest } from '../model/request.ts';
import type { StoredRunStatus } from '../ports/history.ts';

/** Returns the event that refuses a request. */
export function refused({ number }: Pick<OpenRequest, 'number'>, error: WfError): JournalEvent {
  return { type: 'answered', request: number, outcome: { type: 'refused', error: error.toRecord() } };
}

/** Returns the event that answers a request which has been carried out. */
export function handled({ number }: Pick<OpenRequest, 'number'>): JournalEvent {
  return { type: 'answered', request: number, outcome: { type: 'handled' } };
}

const PASSIVE: Readonly<Record<Demand['kind'], string>> = {
  send: 'takes no event',
  pause: 'cannot be paused',
  cancel: 'cannot be cancelled',
  confirm: 'cannot be confirmed',
  retry: 'cannot be retried',
  settle: 'has no change to settle',
};

/** Why a run refuses to settle a change. */
export const NOT_ENDED = 'it has not ended; cancel it, or roll it back, first';

/** Returns the error for a request that a run cannot fulfil in its state. @param why `it has ended (succeeded)` */
export function requestRefused(
  run: RunId,
  { kind }: Pick<Demand, 'kind'>,
  why: string,
  hint = `Check the state of the run with \`wf show ${run}\`.`,
): WfError {
  return new WfError('E_REQUEST_REFUSED', `run ${run} ${PASSIVE[kind]}: ${why}`, { hint, details: { run } });
}

/** Returns the error for a retry of a run that was started anew already. */
export function retriedAlready(run: RunId, as: RunId): WfError {
  return requestRefused(
    run,
    { kind: 'retry' },
    `it was started anew as run ${as}`,
    `Check that run with \`wf show ${as}\`.`,
  );
}

/** Returns how to advance a run that nobody advances, so that it answers. A cancelled run needs no workflow, like a rollback. */
export function advanceFor(
  demand: Demand,
  status: StoredRunStatus,
): 'resume' | 'rollBack' | 'settle' | 'conclude' | 'start anew' {
  switch (demand.kind) {
    case 'settle':
      return 'settle';
    case 'confirm':
      return 'conclude';
    case 'cancel':
      return demand.keep ? 'resume' : 'rollBack';
    case 'retry':
      return status === 'rolled-back' ? 'start anew' : 'resume';
    case 'send':
    case 'pause':
      return 'resume';
  }
}
