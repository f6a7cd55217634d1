import { WfError } from '../../engine/model/errors.ts';

const PLACEHOLDER = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

/** Returns the names in a template, in order. */
function namesIn(template: string): readonly string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

/**
 * Replaces each `{{name}}` of a template by its value, which is not searched again.
 * @throws WfError E_STEP_INPUT if a value is missing or not used
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
  const names = namesIn(template);
  const missing = names.find((name) => !Object.hasOwn(values, name));
  if (missing !== undefined) throw mismatch(`the template has {{${missing}}}, and there is no value of that name`);
  const unused = Object.keys(values).find((name) => !names.includes(name));
  if (unused !== undefined) throw mismatch(`the template has no {{${unused}}}, and there is a value of that name`);
  return template.replaceAll(PLACEHOLDER, (_found, name: string) => String(values[name]));
}

function mismatch(message: string): WfError {
  return new WfError('E_STEP_INPUT', message, { hint: 'Give exactly one value for each name in the template.' });
}
