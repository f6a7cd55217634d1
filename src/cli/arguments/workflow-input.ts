import { z } from 'zod';
import { checkInput } from '../../definition/check-input.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson, toJson } from '../../engine/model/json.ts';
import { redactInput } from '../../engine/secrets/secrets.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import { didYouMean } from '../../review/text/did-you-mean.ts';
import { fileText } from './file-text.ts';
import { givenSecret } from './secrets/secret-value.ts';

/** Input of a run as the user gave it. */
export interface GivenInput {
  /** As typed: `devNetwork=lab`. */
  readonly assignments: readonly string[];
  /** Path of a JSON file that contains an object; `-` is standard input. */
  readonly file: string | undefined;
}

type InputOwner = Pick<LoadedWorkflow, 'name' | 'input' | 'secretInputs'>;

/** Checked input of a run. */
export interface WorkflowInput {
  /** Input with the schema's defaults, including the values of secret inputs. */
  readonly input: JsonObject;
  /** Input as typed: without defaults, and before the schema transforms it. */
  readonly given: JsonObject;
  /** Source of each secret input, see RunOptions. */
  readonly secrets: Readonly<Record<string, string | null>>;
}

/**
 * Checks the input of a run and adds the schema's defaults. `--input` overrides the file, and a later value overrides an earlier one of
 * the same name.
 * @throws WfError E_INPUT with all problems at once.
 */
export function workflowInput(workflow: InputOwner, { assignments, file }: GivenInput): WorkflowInput {
  const types = inputTypes(workflow.input);
  const raw = new Map(Object.entries(file === undefined ? {} : readInputFile(file)));
  const malformed: string[] = [];
  const secretNames = workflow.secretInputs ?? [];
  for (const [index, assignment] of assignments.entries()) {
    const at = assignment.indexOf('=');
    // The message must not repeat it if it may be a secret.
    const what = secretNames.length === 0 ? `--input "${assignment}"` : `--input number ${index + 1}`;
    if (at < 1) malformed.push(`${what} is not of the form name=value`);
    else raw.set(assignment.slice(0, at), valueFor(types.get(assignment.slice(0, at)) ?? [], assignment.slice(at + 1)));
  }
  const secrets = takeSecrets(raw, secretNames);
  // A message about an input may contain its value.
  const { redactError } = redactInput(Object.fromEntries(raw), secretNames, () => 0).secrets;
  const given = Object.fromEntries(raw);
  const checked = check(workflow, given);
  if (checked.type === 'valid' && malformed.length === 0) return { input: checked.input, given, secrets };
  const problems = checked.type === 'valid' ? malformed : [checked.error.message, ...malformed];
  const names = Object.keys(workflow.input.shape);
  const unknown = [...raw.keys()].filter((name) => !names.includes(name));
  const meant = unknown.map((name) => didYouMean(name, names)).join('');
  throw redactError(
    new WfError('E_INPUT', problems.join('; '), {
      hint:
        meant + (checked.type === 'valid' ? `Inputs of ${workflow.name}: ${names.join(', ')}.` : checked.error.hint),
    }),
  );
}

/** Replaces the references of secret inputs by their values; returns the source of each. */
function takeSecrets(raw: Map<string, Json>, names: readonly string[]): WorkflowInput['secrets'] {
  const sources: Record<string, string | null> = {};
  for (const name of names) {
    const typed = raw.get(name);
    if (typeof typed !== 'string') continue;
    const { value, source } = givenSecret(name, typed);
    raw.set(name, value);
    sources[name] = source;
  }
  return sources;
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

/** Reads inputs from a JSON file; `-` is standard input. @throws WfError E_INPUT */
export function readInputFile(file: string): JsonObject {
  const hint = 'Give --input-file a JSON file with one object: { "devNetwork": "lab" }.';
  let value: Json;
  try {
    value = parseJson(fileText(file));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WfError('E_INPUT', `input file ${file}: cannot read: ${why}`, { hint, cause: thrown });
  }
  if (!isJsonObject(value)) throw new WfError('E_INPUT', `input file ${file}: not a JSON object`, { hint });
  return value;
}

/** Returns the JSON types that each input accepts, such as integer for `pings`. */
function inputTypes(schema: z.ZodObject): ReadonlyMap<string, readonly string[]> {
  const described = toJson(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }));
  const properties = isJsonObject(described) ? described['properties'] : undefined;
  if (!isJsonObject(properties)) return new Map();
  return new Map(Object.entries(properties).map(([name, property]) => [name, acceptedTypes(property)]));
}

function acceptedTypes(schema: Json | undefined): readonly string[] {
  if (!isJsonObject(schema)) return [];
  const { type, anyOf, oneOf } = schema;
  const own = Array.isArray(type) ? type : [type];
  const alternatives = [anyOf, oneOf].flatMap((choice) => (Array.isArray(choice) ? choice : []));
  return [...own.filter((name) => typeof name === 'string'), ...alternatives.flatMap(acceptedTypes)];
}

/** Converts a typed text into the type that the schema expects. Other text stays unchanged, and the schema reports the problem. */
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
    return text; // not JSON: the schema reports the expected type
  }
}
