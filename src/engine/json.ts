/** A value that survives a JSON round trip. What is journaled is of this type. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/**
 * Parses JSON text into a {@link Json} value.
 * `JSON.parse` can produce nothing else, which its own type does not say.
 * @throws SyntaxError when the text is not JSON.
 */
export function parseJson(text: string): Json {
  const value: Json = JSON.parse(text);
  return value;
}

/**
 * What remains of `value` after a JSON round trip: `undefined` members vanish, dates become strings.
 * @throws TypeError on cycles and bigints, which the journal cannot hold.
 */
export function toJson(value: unknown): Json {
  const text = JSON.stringify(value);
  return text === undefined ? null : parseJson(text);
}

/** JSON text with sorted keys: equal values give equal text, whatever order their keys were written in. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_key, member: Json) => {
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/** Whether a JSON value is an object (not an array, not null). */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
