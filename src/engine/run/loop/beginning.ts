import type { Decision } from '../../machine/decide/decide.ts';
import type { ErrorRecord, WfError } from '../../model/errors.ts';
import type { JournalEvent } from '../../model/journal-event.ts';
import type { Cancellation } from '../../requests/cancellation.ts';
import type { OpenStep } from './open-steps.ts';

/** The point at which a process begins to advance a run. */
export type Beginning = Start | Resumption;

interface Start {
  readonly type: 'start';
  /** Events to commit with the first decision of the machine. */
  readonly first: readonly JournalEvent[];
}

/** The end of the journal of an earlier process. */
export interface Resumption {
  readonly type: 'resume';
  /** Its last decision. */
  readonly decision: Decision;
  /** The steps without an outcome. */
  readonly open: readonly OpenStep[];
  readonly lastFailure: ErrorRecord | undefined;
  /** Why the machine cannot continue from here; undefined if it can. */
  readonly obstacle: WfError | undefined;
  /** The cancellation that an earlier process has accepted. */
  readonly cancelled: Cancellation | undefined;
}
