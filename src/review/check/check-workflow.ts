import type { WfError } from '../../engine/errors.ts';
import type { Json } from '../../engine/json.ts';
import { readDefinition } from '../graph/read-graph.ts';
import { type ComputesInputs, checkComputedInputs } from './check-computed-inputs.ts';
import { checkImplementations } from './check-implementations.ts';
import { checkStates } from './check-states.ts';
import { checkSteps } from './check-steps.ts';
import type { Finding } from './finding.ts';

/** Returns what is wrong with a workflow, as far as it shows without a run; errors first. */
export function checkWorkflow(workflow: ComputesInputs, description: Json): readonly Finding[] {
  const { graph } = readDefinition(description);
  const { model } = workflow;
  const constant = [...checkStates(graph), ...checkImplementations(model.machine), ...checkSteps(graph, model)];
  // A dry run of a machine with an error would only report the same again.
  const findings = constant.some(isError) ? constant : [...constant, ...checkComputedInputs(workflow)];
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

/** Why a file could not be loaded, as findings: one for each reason that the error tells apart. */
export function refusals({ message, hint, details }: WfError): readonly Finding[] {
  const { problems } = details;
  const reasons = Array.isArray(problems) ? problems.filter((problem) => typeof problem === 'string') : [];
  return (reasons.length > 0 ? reasons : [message]).map((reason) => ({
    check: 'refused',
    severity: 'error',
    where: [],
    message: reason,
    hint,
  }));
}

function isError({ severity }: Finding): boolean {
  return severity === 'error';
}

function rank(finding: Finding): number {
  return isError(finding) ? 0 : 1;
}
