import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';
import { isJsonObject, type JsonObject, toJson } from '../engine/model/json.ts';
import type { LoadedWorkflow } from '../engine/workflow/workflow.ts';

/**
 * A run's input with the schema's defaults filled in.
 * @throws WfError E_INPUT with all that is wrong at once; names that the schema does not have are wrong too.
 */
export function checkInput(workflow: Pick<LoadedWorkflow, 'name' | 'input'>, raw: JsonObject): JsonObject {
  const parsed = strictOf(workflow.input).safeParse(raw);
  const checked = parsed.success ? workflow.input.safeParse(raw) : parsed;
  if (!checked.success) {
    const missing = missingInputs(checked.error, raw);
    const give = missing.length === 0 ? '' : `Give it: \`${missing.map((name) => `--input ${name}=...`).join(' ')}\`. `;
    throw new WfError('E_INPUT', `workflow ${workflow.name}: ${problemsOf(checked.error, missing)}`, {
      hint: `${give}Inputs of ${workflow.name}: ${Object.keys(workflow.input.shape).join(', ')}.`,
    });
  }
  const input = toJson(checked.data);
  return isJsonObject(input) ? input : {};
}

const strict = new WeakMap<z.ZodObject, z.ZodObject>();

/** The schema without room for other names: to make one takes longer than to check an input with it. */
function strictOf(schema: z.ZodObject): z.ZodObject {
  const made = strict.get(schema) ?? z.strictObject(schema.shape);
  strict.set(schema, made);
  return made;
}

/** Inputs without a default that were not given. */
function missingInputs(error: z.ZodError, raw: JsonObject): readonly string[] {
  const lacking = error.issues.filter(({ code }) => code === 'invalid_type' || code === 'invalid_value');
  const names = lacking.flatMap(({ path }) => (path.length === 1 ? [String(path[0])] : []));
  return [...new Set(names)].filter((name) => !Object.hasOwn(raw, name));
}

function problemsOf(error: z.ZodError, missing: readonly string[]): string {
  return error.issues
    .map((issue) => {
      if (missing.includes(issue.path.join('.'))) return `input ${issue.path.join('.')} is missing`;
      if (issue.code === 'unrecognized_keys') return `unknown input ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
      return issue.path.length === 0 ? issue.message : `input ${issue.path.join('.')}: ${issue.message}`;
    })
    .join('; ');
}
