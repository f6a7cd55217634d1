import * as z from 'zod/mini';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../engine/model/json.ts';
import { lazy } from '../../engine/model/lazy.ts';
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
export function parseRow<Schema extends z.ZodMiniType>(
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
  z.pipe(
    json(),
    z.transform((value, { issues }): JsonObject => {
      if (isJsonObject(value)) return value;
      issues.push({ code: 'custom', message: 'not a JSON object', input: value });
      return z.NEVER;
    }),
  ),
);

/** A column that holds JSON text. */
export const jsonText = lazy(() =>
  z.pipe(
    z.string(),
    z.transform((text, { issues }): Json => {
      try {
        return parseJson(text);
      } catch (thrown) {
        issues.push({ code: 'custom', message: `not JSON: ${messageOf(thrown)}`, input: text });
        return z.NEVER;
      }
    }),
  ),
);

/** A column that holds compressed text. */
export const compressedText = lazy(() =>
  z.pipe(
    z.instanceof(Buffer),
    z.transform((compressed, { issues }): string => {
      try {
        return decompress(compressed);
      } catch (thrown) {
        issues.push({ code: 'custom', message: `cannot be decompressed: ${messageOf(thrown)}`, input: compressed });
        return z.NEVER;
      }
    }),
  ),
);

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
