import { WfError } from '../../../engine/model/errors.ts';
import type { Json, JsonObject } from '../../../engine/model/json.ts';

// Parsers for the programs of a private host, without zod: loading it takes longer than everything else at the start of a
// container's program.

/** Returns a text member of a call. @throws WfError E_INTERNAL for another type. */
export function takeText(asked: JsonObject, name: string): string {
  const value = asked[name];
  if (typeof value === 'string') return value;
  throw wrongType(name, 'a text');
}

export function takeTextOrNull(asked: JsonObject, name: string): string | null {
  return asked[name] === null ? null : takeText(asked, name);
}

export function takeNumber(asked: JsonObject, name: string): number {
  const value = asked[name];
  if (typeof value === 'number') return value;
  throw wrongType(name, 'a number');
}

export function takeTexts(asked: JsonObject, name: string): readonly string[] {
  const value: Json | undefined = asked[name];
  if (!Array.isArray(value)) throw wrongType(name, 'a list');
  return value.map((member: Json) => {
    if (typeof member === 'string') return member;
    throw wrongType(name, 'a list of texts');
  });
}

export function takeObject(asked: JsonObject, name: string): JsonObject {
  const value = asked[name];
  if (typeof value === 'object' && value !== null && !isList(value)) return value;
  throw wrongType(name, 'an object');
}

export function takeTextMap(asked: JsonObject, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(takeObject(asked, name)).map(([key, value]) => {
      if (typeof value === 'string') return [key, value];
      throw wrongType(name, 'an object of texts');
    }),
  );
}

export function takeNumberOrNull(asked: JsonObject, name: string): number | null {
  return asked[name] === null ? null : takeNumber(asked, name);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function wrongType(name: string, wanted: string): WfError {
  return new WfError('E_INTERNAL', `"${name}" of a call inside a private host is not ${wanted}`, {
    hint: 'Report this defect of wf.',
  });
}
