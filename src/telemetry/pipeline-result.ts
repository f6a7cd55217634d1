import type { ErrorCode } from '../engine/model/errors.ts';

/** Values of `cicd.pipeline.result` and `cicd.pipeline.task.run.result` in the semantic conventions. */
export type PipelineResult = 'success' | 'failure' | 'timeout' | 'cancellation' | 'error';

/** The codes that mean something other than a failure. `error`: wf itself, or its process, failed. */
const RESULTS: Partial<Readonly<Record<ErrorCode, PipelineResult>>> = {
  E_STEP_TIMEOUT: 'timeout',
  E_NOT_CONFIRMED: 'timeout',
  E_CANCELLED: 'cancellation',
  E_ROLLED_BACK: 'cancellation',
  E_STEP_STOPPED: 'cancellation',
  E_INTERRUPTED: 'error',
  E_INTERNAL: 'error',
  E_LIMIT: 'error',
  E_DISK_FULL: 'error',
  E_DATABASE: 'error',
};

/** Returns the result of a run or a step that ended with this code. */
export function pipelineResult(code: ErrorCode): PipelineResult {
  return RESULTS[code] ?? 'failure';
}
