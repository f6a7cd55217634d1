import type { WfError } from '../../engine/model/errors.ts';
import type { Requirement, RequirementResult } from '../../engine/workflow/requirement.ts';

/** One check of `wf doctor`. */
export interface Check {
  readonly requirement: Requirement;
  /** `run`: no run can start without it; `advice`: prevents no run. */
  readonly concerns: 'run' | 'advice';
}

/**
 * Creates a check.
 * @param verdict returns the finding, or the error with its fix.
 */
export function check(
  concerns: Check['concerns'],
  title: string,
  purpose: string,
  verdict: Requirement['check'],
): Check {
  return { concerns, requirement: { title, purpose, claim: null, check: verdict } };
}

export function found(text: string): RequirementResult {
  return { met: true, found: text };
}

export function wrong(error: WfError): RequirementResult {
  return { met: false, error };
}
