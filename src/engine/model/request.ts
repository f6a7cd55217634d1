import type { BootMoment } from '../confirm/boot-deadline.ts';
import type { ErrorRecord } from './errors.ts';
import type { MachineEvent } from './machine-event.ts';

/** The person or program behind a request. Recorded for people: wf decides nothing by it. */
export interface Requester {
  /** Login name of the user. */
  readonly user: string;
  /** The user who became `user` with sudo, as sudo reports; null if nobody did. */
  readonly sudoUser: string | null;
  /** Name of the machine. */
  readonly host: string;
}

/** The moment at which somebody confirms a run, and the login session; null if the kernel knows none. */
export interface ConfirmStamp extends BootMoment {
  readonly session: number | null;
}

/** The action that somebody asks of a run from outside. */
export type Demand =
  /** Give the machine an event. */
  | { readonly kind: 'send'; readonly event: MachineEvent }
  /** Let the running steps finish, and begin no other. */
  | { readonly kind: 'pause' }
  /** End the run as failed; its changes are undone unless `keep`. */
  | { readonly kind: 'cancel'; readonly keep: boolean }
  /** Continue from the failed steps of a run that failed, or start a rolled-back run anew. */
  | { readonly kind: 'retry' }
  /** Keep the changes of an unconfirmed run; or, if `extendMs` is not null, move its deadline to that time from now. */
  | { readonly kind: 'confirm'; readonly extendMs: number | null; readonly stamp: ConfirmStamp }
  /** Record that a change which wf could not undo is gone, or stays: a person has dealt with it. */
  | { readonly kind: 'settle'; readonly change: number; readonly as: 'gone' | 'kept'; readonly reason: string };

/** The answer of the process that advances the run. A refused request has changed nothing. */
export type RequestOutcome = { readonly type: 'handled' } | { readonly type: 'refused'; readonly error: ErrorRecord };

/** A request as it is asked. */
export interface RunRequest {
  readonly by: Requester;
  readonly demand: Demand;
  readonly comment: string | null;
}

/** A request in the history without an answer. */
export interface OpenRequest extends RunRequest {
  /** The seq of its entry in the journal of the run. */
  readonly number: number;
}
