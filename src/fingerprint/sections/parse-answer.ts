import type { z } from 'zod';

/** An answer of a tool that is not what the tool is known to write. */
export class OddAnswer extends Error {}

/** Parses what a tool wrote as one JSON document. Nothing at all means no entries. @throws OddAnswer */
export function parseAnswer<Schema extends z.ZodType>(tool: string, text: string, schema: Schema): z.output<Schema> {
  return understood(tool, documentOf(tool, text), schema);
}

/** The same for a part of an answer that is parsed already. @throws OddAnswer */
export function understood<Schema extends z.ZodType>(tool: string, value: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Which entry it is changes from one sample to the next.
  const [issue] = parsed.error.issues;
  const place = issue?.path.filter((part) => typeof part === 'string').join('.') ?? '';
  throw new OddAnswer(`${tool} wrote another ${place === '' ? 'document' : place} than wf knows`);
}

function documentOf(tool: string, text: string): unknown {
  if (text.trim() === '') return [];
  try {
    return JSON.parse(text);
  } catch {
    throw new OddAnswer(`${tool} wrote no JSON`);
  }
}
