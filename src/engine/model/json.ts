/** A value that survives a JSON round trip, like all journaled values. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

type NoJson =
  | bigint
  | symbol
  | Date
  | RegExp
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ((...args: never[]) => unknown);

/**
 * The JSON that a value of this type becomes in the journal: an optional member may be absent, and is never `undefined`. `never` for a
 * type that JSON cannot represent, such as a Date.
 */
export type JsonOf<Value> = unknown extends Value
  ? Value
  : Value extends Json
    ? Value
    : Value extends NoJson
      ? never
      : { [Key in keyof Value]: JsonOf<Exclude<Value[Key], undefined>> };

/** Whether a type has a member that JSON cannot represent, at any depth. */
export type HasNoJson<Value> = unknown extends Value
  ? false
  : Value extends Json | undefined
    ? false
    : Value extends NoJson
      ? true
      : Value extends readonly (infer Element)[]
        ? HasNoJson<Element>
        : { [Key in keyof Value]-?: HasNoJson<Value[Key]> }[keyof Value];

/**
 * Parses JSON text. `JSON.parse` returns only {@link Json} values, although its type is `any`.
 * @throws SyntaxError if the text is not JSON
 */
export function parseJson(text: string): Json {
  const value: Json = JSON.parse(text);
  return value;
}

/**
 * Returns `value` after a JSON round trip: `undefined` members vanish, dates become strings.
 * @throws TypeError for cycles and bigints
 */
export function toJson(value: unknown): Json {
  const text = JSON.stringify(value);
  return text === undefined ? null : parseJson(text);
}

interface Plain {
  readonly [key: string]: unknown;
}

/** Whether JSON keeps an object as it is, member by member. */
function isPlain(value: object): value is Plain {
  if ('toJSON' in value || Object.hasOwn(value, '__proto__')) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}

/**
 * Returns the path to the first member that keeps `value` from being JSON, with its type (`.when is a Date`); undefined if there is
 * none. A member that is `undefined` counts as absent, as it does for `JSON.stringify`; an element of a list does not.
 */
export function notJson(value: unknown): string | undefined {
  return strayIn(value, new Set());
}

function strayIn(value: unknown, above: Set<object>): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : ` is ${value}`;
  if (typeof value !== 'object') return value === undefined ? ' is undefined' : ` is a ${typeof value}`;
  if (!isPlain(value)) return ` is ${describeObject(value)}`;
  if (above.has(value)) return ' contains itself';
  above.add(value);
  const isList = Array.isArray(value);
  // A list is copied, so that its holes count as elements.
  for (const [key, member] of Object.entries(isList ? Array.from(value) : value)) {
    if (member === undefined && !isList) continue;
    const stray = strayIn(member, above);
    if (stray !== undefined) return `${isList ? `[${key}]` : `.${key}`}${stray}`;
  }
  above.delete(value);
  return undefined;
}

function describeObject(value: object): string {
  const { name } = value.constructor ?? {};
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `a ${name}` : 'not a plain object';
}

/** Returns JSON text with sorted keys: equal values give equal text, whatever order their keys were written in. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_key, member: Json) => {
    if (!isJsonObject(member)) return member;
    const keys = Object.keys(member).sort();
    return Object.fromEntries(keys.map((key) => [key, member[key]]));
  });
}

/** Whether a JSON value is an object (not an array, not null). */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a JSON value is an array. */
export function isJsonList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** Writes each character of a JSON text that controls a terminal or the direction of text as `\uXXXX`. */
export function escapeTerminalControls(json: string): string {
  return json.replace(
    /(?![\n\t])\p{Cc}|[\p{Bidi_Control}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
