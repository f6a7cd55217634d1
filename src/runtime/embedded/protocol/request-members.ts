import { WfError } from '../../../engine/model/errors.ts';
import type { Json, JsonObject } from '../../../engine/model/json.ts';

// What comes over a connection is parsed by these in the programs of a private host: loading zod takes longer than all else
// that a container's program does at its start.

/** A text of a call. @throws WfError E_INTERNAL when it is none. */
export function takeText(asked: JsonObject, name: string): string {
  const value = asked[name];
  if (typeof value === 'string') return value;
  throw misfit(name, 'a text');
}

export function takeTextOrNull(asked: JsonObject, name: string): string | null {
  return asked[name] === null ? null : takeText(asked, name);
}

export function takeNumber(asked: JsonObject, name: string): number {
  const value = asked[name];
  if (typeof value === 'number') return value;
  throw misfit(name, 'a number');
}

export function takeTexts(asked: JsonObject, name: string): readonly string[] {
  const value: Json | undefined = asked[name];
  if (!Array.isArray(value)) throw misfit(name, 'a list');
  return value.map((member: Json) => {
    if (typeof member === 'string') return member;
    throw misfit(name, 'a list of texts');
  });
}

export function takeObject(asked: JsonObject, name: string): JsonObject {
  const value = asked[name];
  if (typeof value === 'object' && value !== null && !isList(value)) return value;
  throw misfit(name, 'an object');
}

export function takeTextMap(asked: JsonObject, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(takeObject(asked, name)).map(([key, value]) => {
      if (typeof value === 'string') return [key, value];
      throw misfit(name, 'an object of texts');
    }),
  );
}

export function takeNumberOrNull(asked: JsonObject, name: string): number | null {
  return asked[name] === null ? null : takeNumber(asked, name);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function misfit(name: string, wanted: string): WfError {
  return new WfError('E_INTERNAL', `"${name}" of a call inside a private host is not ${wanted}`, {
    hint: 'This is a defect in wf: report it.',
  });
}
