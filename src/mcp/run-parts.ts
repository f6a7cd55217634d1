import { isJsonObject, type Json, type JsonObject } from '../engine/model/json.ts';

/** Long parts of a run record, which are left out unless a client asks for them. */
export const RUN_PARTS = ['steps', 'changes'] as const;
export type RunPart = (typeof RUN_PARTS)[number];

/** Returns a run record with these of its long parts. */
export function runWithParts(record: JsonObject, parts: readonly RunPart[]): JsonObject {
  const isLeftOut = (name: string) => RUN_PARTS.some((part) => part === name && !parts.includes(part));
  return Object.fromEntries(Object.entries(record).filter(([name]) => !isLeftOut(name)));
}

/** Returns the document of a command without the long parts of its run record, which is the document or its member `run`. */
export function withBriefRun(document: Json): Json {
  if (!isJsonObject(document)) return document;
  const { run, ...rest } = document;
  return isJsonObject(run) ? { ...rest, run: runWithParts(run, []) } : runWithParts(document, []);
}
