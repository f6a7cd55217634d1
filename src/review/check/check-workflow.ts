import type { WfError } from '../../engine/errors.ts';
import type { Json } from '../../engine/json.ts';
import type { MachineModel } from '../../engine/machine-model.ts';
import { readDefinition } from '../graph/read-graph.ts';
import { checkImplementations } from './check-implementations.ts';
import { checkStates } from './check-states.ts';
import { checkSteps } from './check-steps.ts';
import type { Finding } from './finding.ts';

/** All that can be said against a workflow without running it; errors first. */
export function checkWorkflow(model: MachineModel, description: Json): readonly Finding[] {
  const { graph } = readDefinition(description);
  const findings = [...checkStates(graph), ...checkImplementations(model.machine), ...checkSteps(graph, model)];
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

function rank({ severity }: Finding): number {
  return severity === 'error' ? 0 : 1;
}
