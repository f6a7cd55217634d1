import { asWfError, WfError } from '../../model/errors.ts';

/** Runs code of the workflow file: a guard or an assign that throws is a defect of that file, and reported as one. */
export function guarded<Answer>(run: () => Answer): Answer {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof WfError && thrown.code === 'E_WORKFLOW_INVALID') throw thrown;
    throw new WfError('E_WORKFLOW_INVALID', `the machine threw while it decided: ${asWfError(thrown).message}`, {
      hint: 'Fix the guard, assign or input function of the workflow file that has thrown.',
      cause: thrown,
    });
  }
}
