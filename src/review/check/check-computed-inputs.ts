import { rehearse } from '../../engine/machine/rehearse.ts';
import { asWfError } from '../../engine/model/errors.ts';
import { isJsonObject, toJson } from '../../engine/model/json.ts';
import { hostsOf } from '../../engine/place/declared-hosts.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import { checkUndo } from './check-undo.ts';
import type { Finding } from './finding.ts';

/** The members of a workflow that a dry run needs, with its hosts. */
export type ComputesInputs = Pick<LoadedWorkflow, 'model' | 'input' | 'secretInputs' | 'hosts'>;

/**
 * Checks the step inputs that the machine computes, by a dry run with the default inputs of the workflow: whether they are valid, whether
 * the changes of the reached steps can be undone, and whether the workflow declares the hosts of its steps. Finds nothing if an input has
 * no default: then only `wf start --dry-run` checks them.
 */
export function checkComputedInputs(workflow: ComputesInputs): readonly Finding[] {
  const defaults = workflow.input.safeParse({});
  if (!defaults.success) return [];
  const json = toJson(defaults.data);
  const input = isJsonObject(json) ? json : {};
  try {
    hostsOf(workflow, input);
    const steps = rehearse(workflow, input, () => 0);
    const visited = new Map(steps.map((step) => [`${step.invoke} ${step.undo}`, step]));
    return [...visited.values()].flatMap(({ invoke, kind, undo }) => checkUndo(invoke, kind, undo));
  } catch (thrown) {
    const { code, message, hint, details } = asWfError(thrown);
    const { step, host } = details;
    const where = typeof step === 'string' ? [step] : [];
    if (host !== undefined) return [{ check: 'unknown-host', severity: 'error', where, message, hint }];
    // A guard that throws on rehearsed outputs is no error.
    if (code !== 'E_STEP_INPUT') return [];
    return [{ check: 'step-input', severity: 'error', where, message: `its input is refused: ${message}`, hint }];
  }
}
