import { WfError } from '../engine/model/errors.ts';

/** Returns the error of requested traces that are not exported. It never fails a run or a command. */
export function tracesError(why: string, hint: string, cause?: unknown): WfError {
  return new WfError('E_TRACES', `traces are not exported: ${why}`, { hint, cause });
}
