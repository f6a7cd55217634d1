import { type Json, parseJson } from './json.ts';

// What is plain to see of a value without a schema; each says yes to no more than the schema of the same name would.

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

export function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}

/** SQLite and JSON can hold numbers that are too large to be one. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

export function isNumberOrNull(value: unknown): value is number | null {
  return value === null || isNumber(value);
}

/** What a JSON text holds; undefined where it is none. */
export function jsonOf(text: unknown): Json | undefined {
  if (!isText(text)) return undefined;
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
