import { WfError } from '../model/errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { NamedHosts } from '../model/named-host.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';

/**
 * Returns the named hosts that a workflow declares for this input.
 * @throws WfError E_WORKFLOW_INVALID if a step works on another one, with the step and the host in its details
 */
export function hostsOf({ hosts, model }: Pick<LoadedWorkflow, 'hosts' | 'model'>, input: JsonObject): NamedHosts {
  const declared = hosts?.(input) ?? {};
  for (const { invoke: step, host } of model.invocations.values()) {
    if (host === undefined || Object.hasOwn(declared, host)) continue;
    throw new WfError('E_WORKFLOW_INVALID', `step ${step} works on the host ${host}, which \`hosts\` does not return`, {
      hint: `It returns ${Object.keys(declared).join(', ') || 'none'}. Add ${host} to \`hosts\` of the workflow.`,
      details: { step, host },
    });
  }
  return declared;
}
