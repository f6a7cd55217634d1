import { z } from 'zod';
import { type ErrorCode, isErrorCode } from '../../engine/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../engine/json.ts';
import { lazy } from '../../engine/lazy.ts';
import { damaged } from '../sqlite/database-error.ts';
import { decompress } from './compression.ts';

/** Origin of a row, for the error if it does not parse. */
export interface RowPlace {
  readonly path: string;
  readonly table: string;
  /** The row itself: `run k3v9x2mq7p`, `hash 9f86...`. */
  readonly of: string;
}

/** @throws WfError E_DATABASE_DAMAGED naming the table and the row */
export function parseRow<Schema extends z.ZodType>(
  schema: Schema,
  row: unknown,
  { path, table, of }: RowPlace,
): z.output<Schema> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const why = z.prettifyError(parsed.error).replaceAll('\n', ' ');
  throw damaged(path, `a row of the table ${table} (${of}) cannot be read: ${why}`, parsed.error);
}

/** A parsed JSON value: its members need no check of their own. */
export const json = lazy(() => z.custom<Json>((value) => value !== undefined));
export const jsonObject = lazy(() =>
  json().transform((value, context): JsonObject => {
    if (isJsonObject(value)) return value;
    context.addIssue('not a JSON object');
    return z.NEVER;
  }),
);

/** A column that holds JSON text. */
export const jsonText = lazy(() =>
  z.string().transform((text, context): Json => {
    try {
      return parseJson(text);
    } catch (thrown) {
      context.addIssue(`not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      return z.NEVER;
    }
  }),
);

/** A column that holds compressed text. */
export const compressedText = lazy(() =>
  z.instanceof(Buffer).transform((compressed, context): string => {
    try {
      return decompress(compressed);
    } catch (thrown) {
      context.addIssue(`cannot be decompressed: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      return z.NEVER;
    }
  }),
);

export const errorRecord = lazy(() =>
  z.strictObject({
    code: z.custom<ErrorCode>((value) => typeof value === 'string' && isErrorCode(value)),
    message: z.string(),
    hint: z.string(),
  }),
);
