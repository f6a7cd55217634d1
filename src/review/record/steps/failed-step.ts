import type { RunRecord, StepRecord } from '../run-record.ts';

/** Returns the step with the error of a run, else the last failed one: a machine may have handled earlier failures. */
export function failedStep<Step extends Pick<StepRecord, 'status' | 'error'>>(
  steps: readonly Step[],
  error: Pick<NonNullable<RunRecord['error']>, 'message'>,
): Step | undefined {
  const failed = steps.filter(({ status }) => status === 'failed');
  return failed.find((step) => step.error?.message === error.message) ?? failed.at(-1);
}
