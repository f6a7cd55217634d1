import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';

/** A function in a stored definition: its source text, and the members that XState's creators add to it. */
export type FunctionText = JsonObject & { readonly source: string };

/** The beginning of the text of a function, which distinguishes it from a constant with a member `source`. */
const FUNCTION_BEGINNING = /^(?:async\b\s*)?(?:function\b|class\b|\(|[\w$]+\s*(?:=>|\())/;
/** Characters of the longest body that is used as a name. */
const LONGEST_NAME = 48;

/** Whether a value in a stored definition was a function in the workflow file. */
export function isFunctionText(value: Json | undefined): value is FunctionText {
  if (!isJsonObject(value)) return false;
  const { source } = value;
  return typeof source === 'string' && FUNCTION_BEGINNING.test(source);
}

/** Returns a short name for a function: the expression of a short arrow function, else `inline`. */
function functionName({ source }: FunctionText): string {
  const body = /=>\s*([^{].*)$/s.exec(source)?.[1]?.replace(/\s+/g, ' ').trim();
  return body !== undefined && body.length <= LONGEST_NAME ? body : 'inline';
}

/** Returns the name of a guard or action in any form of XState: a name, an object with a type, a function. */
export function nameOf(value: Json): string {
  if (typeof value === 'string') return value;
  const combined = isJsonObject(value) ? combinedGuardName(value) : undefined;
  if (combined !== undefined) return combined;
  if (isFunctionText(value)) return functionName(value);
  const type = isJsonObject(value) ? value['type'] : undefined;
  return typeof type === 'string' ? type : 'inline';
}

/** Returns the name of a guard that one of XState's creators made: `not(isOpen)`, `stateIn(a.b)`. */
export function combinedGuardName({ guard, guards, stateValue }: JsonObject): string | undefined {
  if (typeof guard !== 'string') return undefined;
  if (Array.isArray(guards)) return `${guard}(${guards.map(nameOf).join(', ')})`;
  if (stateValue === undefined) return undefined;
  return `${guard}(${typeof stateValue === 'string' ? stateValue : JSON.stringify(stateValue)})`;
}
