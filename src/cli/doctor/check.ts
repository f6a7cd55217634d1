import { asWfError, type WfError } from '../../engine/model/errors.ts';
import type { Requirement, RequirementResult } from '../../engine/workflow/requirement.ts';

/** Something that `wf doctor` looks at. */
export interface Check {
  readonly requirement: Requirement;
  /** `run`: without it no run can be started; `advice`: it is worth knowing, and hinders no run. */
  readonly concerns: 'run' | 'advice';
}

/** @param look answers what was found, or the error that says what is wrong and what mends it. */
export function check(concerns: Check['concerns'], title: string, purpose: string, look: Requirement['look']): Check {
  return { concerns, requirement: { title, purpose, claim: null, look } };
}

export function found(text: string): RequirementResult {
  return { met: true, found: text };
}

export function wrong(error: WfError): RequirementResult {
  return { met: false, error };
}

/** The same, where looking may throw. */
export async function orWrong(look: () => Promise<RequirementResult>): Promise<RequirementResult> {
  try {
    return await look();
  } catch (thrown) {
    return wrong(asWfError(thrown));
  }
}
