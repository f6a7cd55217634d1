import { z } from 'zod';
import { type ErrorCode, isErrorCode } from '../../engine/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../engine/json.ts';
import { later } from '../../engine/later.ts';
import { damaged } from '../sqlite/database-error.ts';
import { inflateQuick } from './compression.ts';

/** Where a row was read, for the error of one that does not parse. */
export interface RowPlace {
  readonly path: string;
  readonly table: string;
  /** Which row: `run k3v9x2mq7p`, `hash 9f86...`. A function where finding out takes time: it is called for the error only. */
  readonly of: string | (() => string);
}

/** @throws WfError E_DATABASE_DAMAGED naming the table and the run. */
export function parseRow<Schema extends z.ZodType>(schema: Schema, row: unknown, place: RowPlace): z.output<Schema> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const what = z.prettifyError(parsed.error).replaceAll('\n', ' ');
  const of = typeof place.of === 'string' ? place.of : place.of();
  throw damaged(place.path, `a row of the table ${place.table} (${of}) cannot be read: ${what}`, parsed.error);
}

/** What a JSON text holds; parsed once, so what is inside needs no second look to be JSON. */
export const json = later(() => z.custom<Json>((value) => value !== undefined));
export const jsonObject = later(() =>
  json().transform((value, context): JsonObject => {
    if (isJsonObject(value)) return value;
    context.addIssue('not a JSON object');
    return z.NEVER;
  }),
);

/** A column with JSON text. */
export const jsonText = later(() => z.string().transform(jsonIn));

/** A column with text that was packed by `deflateQuickly`. */
export const deflatedText = later(() =>
  z.instanceof(Buffer).transform((deflated, context): string => {
    try {
      return inflateQuick(deflated);
    } catch (thrown) {
      context.addIssue(`cannot be unpacked: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      return z.NEVER;
    }
  }),
);

/** What a JSON text holds; an issue where it is none. */
export function jsonIn(text: string, context: z.core.$RefinementCtx): Json {
  try {
    return parseJson(text);
  } catch (thrown) {
    context.addIssue(`not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return z.NEVER;
  }
}

export const errorRecord = later(() =>
  z.strictObject({
    code: z.custom<ErrorCode>((value) => typeof value === 'string' && isErrorCode(value)),
    message: z.string(),
    hint: z.string(),
  }),
);

/** The error that a JSON text holds; an issue where it is none. */
export function errorIn(text: string, context: z.core.$RefinementCtx): z.output<ReturnType<typeof errorRecord>> {
  const parsed = errorRecord().safeParse(jsonIn(text, context));
  if (parsed.success) return parsed.data;
  context.addIssue(`not an error: ${z.prettifyError(parsed.error)}`);
  return z.NEVER;
}
