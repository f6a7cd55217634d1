import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { checkInput } from '../definition/input.ts';
import { asWfError, WfError } from '../engine/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson, toJson } from '../engine/json.ts';
import type { LoadedWorkflow } from '../engine/workflow.ts';
import { didYouMean } from './did-you-mean.ts';

/** What the user gave as the input of a run. */
export interface GivenInput {
  /** As typed: `devNetwork=lab`. */
  readonly assignments: readonly string[];
  /** A JSON file with an object in it. */
  readonly file: string | undefined;
}

type InputOwner = Pick<LoadedWorkflow, 'name' | 'input'>;

/**
 * The input of a run, checked, with the schema's defaults. What is typed with `--input` beats the file; of two for the
 * same name the later one counts.
 * @throws WfError E_INPUT with all that is wrong with it at once.
 */
export function workflowInput(workflow: InputOwner, { assignments, file }: GivenInput): JsonObject {
  const types = inputTypes(workflow.input);
  const raw = new Map(Object.entries(file === undefined ? {} : readInputFile(file)));
  const malformed: string[] = [];
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    if (at < 1) malformed.push(`--input "${assignment}" is not of the form name=value`);
    else raw.set(assignment.slice(0, at), valueFor(types[assignment.slice(0, at)] ?? [], assignment.slice(at + 1)));
  }
  const checked = check(workflow, Object.fromEntries(raw));
  if (checked.type === 'valid' && malformed.length === 0) return checked.input;
  const problems = checked.type === 'valid' ? malformed : [checked.error.message, ...malformed];
  const names = Object.keys(workflow.input.shape);
  const unknown = [...raw.keys()].filter((name) => !names.includes(name));
  const meant = unknown.map((name) => didYouMean(name, names)).join('');
  throw new WfError('E_INPUT', problems.join('; '), {
    hint: meant + (checked.type === 'valid' ? `Inputs of ${workflow.name}: ${names.join(', ')}.` : checked.error.hint),
  });
}

type Checked =
  | { readonly type: 'valid'; readonly input: JsonObject }
  | { readonly type: 'invalid'; readonly error: WfError };

function check(workflow: InputOwner, raw: JsonObject): Checked {
  try {
    return { type: 'valid', input: checkInput(workflow, raw) };
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_INPUT') throw error;
    return { type: 'invalid', error };
  }
}

function readInputFile(file: string): JsonObject {
  const hint = 'Give --input-file a JSON file with one object in it: { "devNetwork": "lab" }.';
  let value: Json;
  try {
    value = parseJson(readFileSync(file, 'utf8'));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WfError('E_INPUT', `input file ${file} cannot be read: ${why}`, { hint, cause: thrown });
  }
  if (!isJsonObject(value)) throw new WfError('E_INPUT', `input file ${file} does not hold a JSON object`, { hint });
  return value;
}

/** The JSON types that each input accepts, e.g. `{ pings: ['integer'] }`. */
function inputTypes(schema: z.ZodObject): Readonly<Record<string, readonly string[]>> {
  const described = toJson(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));
  const properties = isJsonObject(described) ? described['properties'] : undefined;
  if (!isJsonObject(properties)) return {};
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, acceptedTypes(property)]));
}

function acceptedTypes(schema: Json | undefined): readonly string[] {
  if (!isJsonObject(schema)) return [];
  const { type, anyOf, oneOf } = schema;
  const own = Array.isArray(type) ? type : [type];
  const alternatives = [anyOf, oneOf].flatMap((choice) => (Array.isArray(choice) ? choice : []));
  return [...own.filter((name) => typeof name === 'string'), ...alternatives.flatMap(acceptedTypes)];
}

/** What was typed, as the type that the schema wants. What does not fit stays text: the schema then says what is wrong. */
function valueFor(types: readonly string[], text: string): Json {
  if (types.includes('string')) return text;
  const wanted = types.filter((type) => type !== 'null');
  if (wanted.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const numeric = wanted.includes('number') || wanted.includes('integer');
  if (numeric && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (wanted.includes('array') || wanted.includes('object')) return jsonOrText(text);
  return text;
}

function jsonOrText(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return text; // not JSON: the schema says what it wants instead
  }
}
