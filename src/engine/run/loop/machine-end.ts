import type { MachineStatus } from '../../machine/decide/machine-state.ts';
import { errorRecordSchema } from '../../model/error-schema.ts';
import { type ErrorRecord, WfError } from '../../model/errors.ts';
import type { RunOptions } from '../../model/journal-event.ts';
import { isJsonObject, type Json } from '../../model/json.ts';

/** How a machine ended. */
export type MachineEnd =
  | { readonly type: 'done'; readonly output: Json }
  /** `onFailure`: that of the cancellation, in place of that of the run. */
  | { readonly type: 'failed'; readonly error: ErrorRecord; readonly onFailure?: RunOptions['onFailure'] };

/** Returns the end of a machine. @param lastFailure the last failure of a step, or of the machine */
export function machineEnd(status: MachineStatus, lastFailure: ErrorRecord | undefined): MachineEnd {
  if (status.type === 'done' && !status.failed) return { type: 'done', output: status.output };
  // A child workflow may fail without a failed step.
  const failure = status.type === 'error' ? errorRecordOf(status.error) : undefined;
  if (failure !== undefined) return { type: 'failed', error: failure };
  if (lastFailure !== undefined) return { type: 'failed', error: lastFailure };
  const reason = status.type === 'error' ? describeError(status.error) : 'it ended in a state tagged "failed"';
  const error = new WfError('E_STEP_FAILED', `the machine failed: ${reason}`, {
    hint: 'Inspect its last decisions with `wf show`.',
  });
  return { type: 'failed', error: error.toRecord() };
}

/** Returns the error of a step or a child workflow with which a machine failed; undefined if it is another error. */
function errorRecordOf(error: Json): ErrorRecord | undefined {
  if (!isJsonObject(error)) return undefined;
  const { step: _step, ...record } = error;
  return errorRecordSchema().safeParse(record).data;
}

function describeError(error: Json): string {
  if (isJsonObject(error) && typeof error['message'] === 'string') return error['message'];
  return JSON.stringify(error);
}
