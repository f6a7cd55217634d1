import type { MachineModel } from '../../engine/machine/machine-model.ts';
import { WfError } from '../../engine/model/errors.ts';
import { idInChild } from '../../engine/model/ids.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import { readDefinition } from '../graph/read-graph.ts';
import { counted } from '../text/format/plain-text.ts';
import { type ComputesInputs, checkComputedInputs } from './check-computed-inputs.ts';
import { checkImplementations } from './check-implementations.ts';
import { checkStates } from './check-states.ts';
import { checkSteps } from './check-steps.ts';
import type { Finding } from './finding.ts';

type CheckedWorkflow = ComputesInputs & Pick<LoadedWorkflow, 'hasRequirements'>;

/** Returns the problems of a workflow that are visible without a run, errors first. */
export function checkWorkflow(workflow: CheckedWorkflow, description: Json): readonly Finding[] {
  const constant = [...checkDefinition(workflow.model, description), ...checkRequirements(workflow)];
  // A dry run of a machine with an error would only report the same again.
  const findings = constant.some(isError) ? constant : [...constant, ...newIn(checkComputedInputs(workflow), constant)];
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

/** Returns the findings that others do not report already. */
function newIn(findings: readonly Finding[], others: readonly Finding[]): readonly Finding[] {
  const keyOf = ({ check, where }: Finding) => [check, ...where].join('\n');
  const known = new Set(others.map(keyOf));
  return findings.filter((finding) => !known.has(keyOf(finding)));
}

/** Returns the problems of a workflow that do not depend on its input. */
function checkDefinition(model: MachineModel, description: Json): readonly Finding[] {
  const { graph } = readDefinition(description);
  const own = [...checkStates(graph), ...checkImplementations(model.machine), ...checkSteps(graph, model)];
  const children = isJsonObject(description) ? description['children'] : undefined;
  const inChildren = Object.entries(isJsonObject(children) ? children : {}).flatMap(([invoke, child]) => {
    const found = model.children.get(invoke);
    if (found === undefined) return [];
    // A failure that a child does not handle fails the child, which its parent may handle.
    const findings = checkDefinition(found.model, child).filter(({ check }) => check !== 'no-on-error');
    return findings.map(inChild(invoke));
  });
  return [...own, ...inChildren];
}

/** Finds children whose requirements are not checked: before a run, wf checks only those of the parent. */
function checkRequirements({ model, hasRequirements }: CheckedWorkflow): readonly Finding[] {
  if (hasRequirements ?? true) return [];
  return [...model.children].flatMap(([invoke, { definition }]): readonly Finding[] => {
    if (definition.requirements === undefined) return [];
    const message = `the requirements of child workflow ${definition.name} are not checked: its parent has none`;
    const hint = 'Add `requirements` to the parent, which return those of the child: `requirementsOf(child, input)`.';
    return [{ check: 'child-requirements', severity: 'warning', where: [invoke], message, hint }];
  });
}

function inChild(invoke: string): (finding: Finding) => Finding {
  return (finding) => ({ ...finding, where: finding.where.map((id) => idInChild(invoke, id)) });
}

/**
 * Refuses to start a workflow with an error that does not depend on its input: a run would fail, never end, or not be undone.
 * @throws WfError E_WORKFLOW_INVALID
 */
export function refuseErrors({ name, model }: Pick<LoadedWorkflow, 'name' | 'model'>, description: Json): void {
  const [first, ...others] = checkDefinition(model, description).filter(isError);
  if (first === undefined) return;
  const where = first.where.length === 0 ? '' : `${first.where.join(', ')}: `;
  const more = others.length === 0 ? '' : ` (and ${counted(others.length, 'other error')})`;
  throw new WfError('E_WORKFLOW_INVALID', `workflow ${name}: ${where}${first.message}${more}`, {
    hint: `${first.hint} \`wf check ${name}\` shows all errors.`,
  });
}

/** Returns why a file cannot be loaded, as one finding for each reason in the error. */
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
