import { checkInput } from '../../definition/check-input.ts';
import { WfError } from '../../engine/model/errors.ts';
import type { ResolvedWorkflow, Services } from '../services/services.ts';
import { type Check, check, wrong } from './check.ts';

/**
 * Checks the requirements that each workflow adds (images, tools), with the defaults of its inputs, and reports workflow files that
 * cannot be loaded. Does not check names in use: they are not a property of the machine.
 */
export async function workflowChecks(services: Services, known: ReadonlySet<string>): Promise<readonly Check[]> {
  const titles = new Set(known);
  const checks: Check[] = [];
  for (const { name, file, error } of await services.workflows()) {
    if (error !== null) {
      const { code, message, hint } = error;
      const broken = new WfError(code, message, { hint });
      checks.push(check('advice', `workflow ${name}`, `is loaded from ${file}`, async () => wrong(broken)));
      continue;
    }
    for (const { title, claim, check: verdict } of requirementsOf(await services.workflow(name))) {
      if (claim !== null || titles.has(title)) continue;
      titles.add(title);
      checks.push(check('advice', title, `the workflow ${name} needs it`, verdict));
    }
  }
  return checks;
}

/** Returns no requirements if an input has no default: they may depend on it. */
function requirementsOf({ workflow }: ResolvedWorkflow) {
  if (!workflow.input.safeParse({}).success) return [];
  return workflow.requirements(checkInput(workflow, {}));
}
