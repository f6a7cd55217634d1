import { z } from 'zod';
import { WfError } from '../engine/errors.ts';
import { isJsonObject, type JsonObject, toJson } from '../engine/json.ts';
import type { LoadedWorkflow } from '../engine/workflow.ts';

/**
 * A run's input with the schema's defaults filled in.
 * @throws WfError E_INPUT with all that is wrong at once; names that the schema does not have are wrong too.
 */
export function checkInput(workflow: Pick<LoadedWorkflow, 'name' | 'input'>, raw: JsonObject): JsonObject {
  const parsed = z.strictObject(workflow.input.shape).safeParse(raw);
  const checked = parsed.success ? workflow.input.safeParse(raw) : parsed;
  if (!checked.success) {
    throw new WfError('E_INPUT', `workflow ${workflow.name}: ${problemsOf(checked.error)}`, {
      hint: `Inputs of ${workflow.name}: ${Object.keys(workflow.input.shape).join(', ')}.`,
    });
  }
  const input = toJson(checked.data);
  return isJsonObject(input) ? input : {};
}

function problemsOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      if (issue.code === 'unrecognized_keys') return `unknown input ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
      return issue.path.length === 0 ? issue.message : `input ${issue.path.join('.')}: ${issue.message}`;
    })
    .join('; ');
}
