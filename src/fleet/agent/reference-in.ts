import { type ErrorRecord, WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';

const REFERENCE = /^@(?:file|env):/;

/** Returns the error about inputs for which `wf start` would read a file or a variable of this host; undefined if there are none. */
export function referenceIn(input: Readonly<Record<string, Json>>): ErrorRecord | undefined {
  const isReference = (value: Json) => typeof value === 'string' && REFERENCE.test(value);
  const [name] = Object.entries(input).find(([, value]) => isReference(value)) ?? [];
  if (name === undefined) return undefined;
  return new WfError('E_INPUT', `input ${name}: a fleet run cannot refer to files or variables of a host`, {
    hint: `Give the value itself to \`wf fleet start\`: \`--input ${name}=@env:VARIABLE\` reads it where that runs, if the input is secret.`,
  }).toRecord();
}
