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
  return copied(value, 0) ?? null;
}

/** Deeper than this, the value may be a cycle, which `JSON.stringify` tells apart. */
const DEEP = 50;

/** A copy without the round trip where the value is plain, as most are: it takes a fifth of the time. */
function copied(value: unknown, depth: number): Json | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      // JSON knows neither infinities nor NaN, nor a negative zero.
      return Number.isFinite(value) ? value + 0 : null;
    case 'undefined':
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      if (value === null) return null;
      return depth < DEEP && isPlain(value) ? copiedPlain(value, depth + 1) : roundTrip(value);
    default:
      return roundTrip(value);
  }
}

function copiedPlain(value: Plain, depth: number): Json {
  if (Array.isArray(value)) return Array.from(value, (member: unknown) => copied(member, depth) ?? null);
  const copy: { [key: string]: Json } = {};
  for (const key of Object.keys(value)) {
    const kept = copied(value[key], depth);
    if (kept !== undefined) copy[key] = kept;
  }
  return copy;
}

interface Plain {
  readonly [key: string]: unknown;
}

/** Whether JSON sees of it what its own members are. */
function isPlain(value: object): value is Plain {
  if ('toJSON' in value || Object.hasOwn(value, '__proto__')) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}

function roundTrip(value: unknown): Json | undefined {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : parseJson(text);
}

/**
 * What keeps `value` from being JSON, as the path to the first such member and what it is (`.when is a Date`); undefined if nothing
 * does. A member that is `undefined` counts as absent, as it does for `JSON.stringify`; an element of a list does not.
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

/** JSON text with sorted keys: equal values give equal text, whatever order their keys were written in. */
export function canonicalJson(value: Json): string {
  // Most was made in this order: to see that, and leave it to JSON.stringify, takes half the time.
  return isCanonical(value) ? JSON.stringify(value) : sortedJson(value);
}

function isCanonical(value: Json | undefined): boolean {
  if (value === null || typeof value !== 'object') return value !== undefined;
  if (isList(value)) return value.every(isCanonical);
  let before = '';
  // Without a list of the keys: this is asked for all that a run decides.
  for (const key in value) {
    if (key < before || mayBeIndex(key) || !isCanonical(value[key])) return false;
    before = key;
  }
  return true;
}

function sortedJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (isList(value)) {
    for (const member of value) text += `${text === '' ? '' : ','}${sortedJson(member)}`;
    return `[${text}]`;
  }
  for (const key of sortedKeys(value)) {
    const member = value[key];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${sortedJson(member)}`;
  }
  return `{${text}}`;
}

function sortedKeys(value: JsonObject): readonly string[] {
  const keys = Object.keys(value);
  if (keys.length < 2 || areSorted(keys)) return keys;
  // In most objects no key looks like a number: JavaScript's own order is the order, and quick.
  return keys.some(mayBeIndex) ? keys.sort(inCanonicalOrder) : keys.sort();
}

/** To see that takes a fraction of the time of sorting. */
function areSorted(keys: readonly string[]): boolean {
  let before: string | undefined;
  for (const key of keys) {
    if ((before !== undefined && key < before) || mayBeIndex(key)) return false;
    before = key;
  }
  return true;
}

function mayBeIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

/** Numbers come first, by their value, as in every object of JavaScript; then the rest. */
function inCanonicalOrder(a: string, b: string): number {
  const [first, second] = [indexIn(a), indexIn(b)];
  if (first !== second) return first - second;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** An array index is a whole number below 2^32 - 1 as JavaScript writes it; what is none comes after all of them. */
const NO_INDEX = 2 ** 32 - 1;

function indexIn(key: string): number {
  if (!mayBeIndex(key)) return NO_INDEX;
  const index = Number(key);
  return index < NO_INDEX && String(index) === key && Number.isInteger(index) ? index : NO_INDEX;
}

/** Whether a JSON value is an object (not an array, not null). */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same JSON text, in which no character steers a terminal or turns the direction of text around: each is written as `\uXXXX`. */
export function escapeSteering(json: string): string {
  return json.replace(
    /(?![\n\t])\p{Cc}|[\p{Bidi_Control}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
