import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';
import { isJsonObject, type JsonObject, toJson } from '../engine/model/json.ts';
import type { LoadedWorkflow } from '../engine/workflow/workflow.ts';

/**
 * Checks the input of a run, and returns it with the defaults of the schema.
 * @throws WfError E_INPUT with all problems at once; a name that is not in the schema is one
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

/** Returns the schema with other names refused. Cached: creating it takes longer than checking an input. */
function strictOf(schema: z.ZodObject): z.ZodObject {
  const made = strict.get(schema) ?? z.strictObject(schema.shape);
  strict.set(schema, made);
  return made;
}

/** Returns the absent inputs that have no default. */
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
