import { asWfError } from '../model/errors.ts';
import type { Requirement, RequirementResult } from '../workflow/requirement.ts';
import type { HostPorts } from '../workflow/step.ts';
import type { PreflightFinding } from './engine.ts';

/** Checks all requirements concurrently. Touches nothing. The findings are in the order of the requirements. */
export function checkRequirements(
  requirements: readonly Requirement[],
  host: HostPorts,
): Promise<readonly PreflightFinding[]> {
  return Promise.all(
    requirements.map(async (requirement) => ({ requirement, result: await check(requirement, host) })),
  );
}

/** Checks one requirement; one whose check throws is not met. */
async function check(requirement: Requirement, host: HostPorts): Promise<RequirementResult> {
  try {
    return await requirement.check(host);
  } catch (thrown) {
    return { met: false, error: asWfError(thrown) };
  }
}

/** Returns the error of the first unmet requirement; undefined if all are met. */
export function firstUnmet(findings: readonly PreflightFinding[]) {
  for (const { result } of findings) if (!result.met) return result.error;
  return undefined;
}
