import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';

/** Fields for the whole content of a file. */
export const contentFields = {
  content: z.string().nullable().default(null).describe('whole content of the file; null: the template gives it'),
  template: z.string().nullable().default(null).describe('content in which each `{{name}}` is replaced by its value'),
  values: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .default({})
    .describe('one value for each name in the template'),
};
const contentSchema = z.object(contentFields);
type Content = z.output<typeof contentSchema>;

/** Refinement for the fields: exactly one of them gives the content. */
export const ONE_CONTENT = [
  ({ content, template }: Content) => (content === null) !== (template === null),
  'give either content or template',
] as const;

/** Returns the content. @throws WfError E_STEP_INPUT if the values do not fit the template */
export function contentOf({ content, template, values }: Content): string {
  return template === null ? (content ?? '') : fillTemplate(template, values);
}

const PLACEHOLDER = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

/** Returns the names in a template, in order. */
function namesIn(template: string): readonly string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
}

/**
 * Replaces each `{{name}}` of a template by its value, which is not searched again.
 * @throws WfError E_STEP_INPUT if a value is missing or not used
 */
function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
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
