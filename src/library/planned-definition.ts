import { definitionDifferences } from '../definition/definition-diff.ts';
import type { Json } from '../engine/model/json.ts';
import { planOutdated } from '../engine/plan/plan-differences.ts';
import type { SavedPlan } from '../engine/plan/saved-plan.ts';
import type { StartRequest } from '../engine/run/engine.ts';

/**
 * Refuses a workflow that has changed since the plan was created. @param stored the definition of the plan
 * @throws WfError E_PLAN_OUTDATED with the differences
 */
export function requirePlannedDefinition(
  plan: SavedPlan,
  { workflow, definition }: Pick<StartRequest, 'workflow' | 'definition'>,
  stored: Json | undefined,
): void {
  if (definition.hash === plan.definitionHash && workflow.name === plan.workflow) return;
  const found = stored === undefined ? [] : definitionDifferences(stored, definition.description);
  const differences = found.length === 0 ? 'the differences are unknown' : found.join('; ');
  throw planOutdated(plan, [`workflow ${plan.workflow} has changed: ${differences}`]);
}
