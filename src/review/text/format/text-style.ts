import picocolors from 'picocolors';
import type { ChangeStatus } from '../../../engine/model/change.ts';
import type { RunStatus } from '../../../engine/ports/history.ts';
import type { ShownStepStatus } from '../../record/run-record.ts';
import type { StageStatus } from '../../record/steps/stage-record.ts';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** The target of a text: a terminal with a width, or a file or pipe, whose lines are never cut. */
export interface TextStyle {
  /** Columns of the terminal; null if there is none. */
  readonly width: number | null;
  readonly colors: Colors;
  /** The database that suggested commands name; undefined if it is the one that wf uses where they are typed. */
  readonly database?: string;
}

/** Style of a file: no colours, and lines of any length. */
export const PLAIN_STYLE: TextStyle = { width: null, colors: picocolors.createColors(false) };

export type Paint = (text: string) => string;

type ShownStatus = RunStatus | StageStatus | ShownStepStatus | ChangeStatus;

/** Returns the colour of a status: green for good, red for bad, yellow for attention, cyan for in progress. */
export function statusPaint({ colors }: TextStyle, status: ShownStatus): Paint {
  switch (status) {
    case 'succeeded':
    case 'reverted':
    case 'gone':
    case 'kept':
      return colors.green;
    case 'failed':
    case 'needs-attention':
    case 'stuck':
      return colors.red;
    case 'interrupted':
    case 'rolled-back':
    case 'retrying':
    case 'unconfirmed':
    case 'intended':
    case 'applied':
      return colors.yellow;
    case 'running':
    case 'rolling-back':
    case 'waiting':
    case 'paused':
      return colors.cyan;
    case 'pending':
    case 'skipped':
    case 'stopped':
      return colors.dim;
  }
}
