import { asWfError } from '../model/errors.ts';
import type { Requirement, RequirementResult } from '../workflow/requirement.ts';
import type { HostPorts } from '../workflow/step.ts';
import type { PreflightFinding } from './engine.ts';

/** Looks at every requirement, all at once; touches nothing. The findings come in the order of the requirements. */
export function checkRequirements(
  requirements: readonly Requirement[],
  host: HostPorts,
): Promise<readonly PreflightFinding[]> {
  return Promise.all(
    requirements.map(async (requirement) => ({ requirement, result: await lookAt(requirement, host) })),
  );
}

/** A look that throws has not been met: what could not be seen is not taken for granted. */
async function lookAt(requirement: Requirement, host: HostPorts): Promise<RequirementResult> {
  try {
    return await requirement.look(host);
  } catch (thrown) {
    return { met: false, error: asWfError(thrown) };
  }
}

/** The error of the first finding that is not met; undefined where all are. */
export function firstUnmet(findings: readonly PreflightFinding[]) {
  for (const { result } of findings) if (!result.met) return result.error;
  return undefined;
}
