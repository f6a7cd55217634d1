import { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import type { Demand, OpenRequest } from '../model/request.ts';

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
  settle: 'has no change to settle',
};

/** Why a run refuses to settle a change. */
export const NOT_ENDED = 'it has not ended; cancel it, or roll it back, first';

/** Returns the error for a request that a run cannot fulfil in its state. @param why `it has ended (succeeded)` */
export function requestRefused(run: RunId, { kind }: Demand, why: string): WfError {
  return new WfError('E_REQUEST_REFUSED', `run ${run} ${PASSIVE[kind]}: ${why}`, {
    hint: `Check the state of the run with \`wf show ${run}\`.`,
    details: { run },
  });
}

/** Returns how a process advances a run that nobody advances, so that it answers. A cancelled run needs no workflow, as a rollback. */
export function advanceFor(demand: Demand): 'resume' | 'rollBack' | 'settle' {
  if (demand.kind === 'settle') return 'settle';
  return demand.kind === 'cancel' && !demand.keep ? 'rollBack' : 'resume';
}
