import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';

/** A function as a stored definition holds it: its source text, and what XState's creators hang on it. */
export type FunctionText = JsonObject & { readonly source: string };

/** How the text of a function begins; a constant that only has a member `source` does not look so. */
const FUNCTION_BEGINNING = /^(?:async\b\s*)?(?:function\b|class\b|\(|[\w$]+\s*(?:=>|\())/;
/** A longer body is not read as a name. */
const LONGEST_NAME = 48;

/** Whether this part of a stored definition was a function in the workflow file. */
export function isFunctionText(value: Json | undefined): value is FunctionText {
  if (!isJsonObject(value)) return false;
  const { source } = value;
  return typeof source === 'string' && FUNCTION_BEGINNING.test(source);
}

/** A function as a short name: what a short arrow function computes, else `inline`. */
function functionName({ source }: FunctionText): string {
  const body = /=>\s*([^{].*)$/s.exec(source)?.[1]?.replace(/\s+/g, ' ').trim();
  return body !== undefined && body.length <= LONGEST_NAME ? body : 'inline';
}

/** The name of a guard or action in any of the forms that XState takes: a name, an object with a type, a function. */
export function nameOf(value: Json): string {
  if (typeof value === 'string') return value;
  const combined = isJsonObject(value) ? combinedGuardName(value) : undefined;
  if (combined !== undefined) return combined;
  if (isFunctionText(value)) return functionName(value);
  const type = isJsonObject(value) ? value['type'] : undefined;
  return typeof type === 'string' ? type : 'inline';
}

/** `not(isOpen)`, `stateIn(a.b)`: what XState's creators of guards have made. Definitions of wf 0.1 hold their source as well. */
export function combinedGuardName({ guard, source, guards, stateValue }: JsonObject): string | undefined {
  const creator = typeof guard === 'string' ? guard : typeof source === 'string' ? creatorIn(source) : undefined;
  if (creator === undefined) return undefined;
  if (Array.isArray(guards)) return `${creator}(${guards.map(nameOf).join(', ')})`;
  if (stateValue === undefined) return undefined;
  return `${creator}(${typeof stateValue === 'string' ? stateValue : JSON.stringify(stateValue)})`;
}

function creatorIn(source: string): string | undefined {
  return /^function (and|or|not|stateIn)\d*\(/.exec(source)?.[1];
}
