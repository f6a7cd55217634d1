import type { z } from 'zod';

/** Unexpected output of a tool. */
export class UnexpectedOutput extends Error {}

/** Parses the output of a tool as one JSON document; empty output means no entries. @throws UnexpectedOutput */
export function parseOutput<Schema extends z.ZodType>(tool: string, text: string, schema: Schema): z.output<Schema> {
  return parseValue(tool, documentOf(tool, text), schema);
}

/** Like parseOutput, for a parsed value. @throws UnexpectedOutput */
export function parseValue<Schema extends z.ZodType>(tool: string, value: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  // Omits the index of the entry, which changes from one sample to the next.
  const [issue] = parsed.error.issues;
  const place = issue?.path.filter((part) => typeof part === 'string').join('.') ?? '';
  throw new UnexpectedOutput(`${tool} wrote an unknown ${place === '' ? 'document' : place}`);
}

function documentOf(tool: string, text: string): unknown {
  if (text.trim() === '') return [];
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedOutput(`${tool} wrote invalid JSON`);
  }
}
