import { isJsonObject, type Json, type JsonObject } from '../../../engine/model/json.ts';
import { schemaMembers } from '../../../review/text/schema-members.ts';

/** A field of a form: one member of the object that a JSON Schema describes. */
export interface Field {
  readonly name: string;
  /** Shown instead of the name. */
  readonly label?: string;
  readonly control: Control;
  /** Its type in words: `list of string`. */
  readonly type: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly isNullable: boolean;
  /** Undefined if it has no default. */
  readonly preset: Json | undefined;
}

/** How a value is typed. `json`: as JSON text, for lists and objects. */
export type Control =
  | ({ readonly type: 'text' | 'secret' } & TextLimits)
  | { readonly type: 'lines' }
  | ({ readonly type: 'number'; readonly isInteger: boolean } & NumberLimits)
  | { readonly type: 'switch' }
  | { readonly type: 'choice'; readonly values: readonly Json[] }
  | { readonly type: 'json' };

interface TextLimits {
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  /** A regular expression that the browser understands. */
  readonly pattern: string | undefined;
}

interface NumberLimits {
  readonly min: number | undefined;
  readonly max: number | undefined;
}

const SECRET = 'wf stores no secrets: with @env:VARIABLE or @file:PATH, a resume reads the value again.';

/** A choice with more values becomes a field for text. */
const MOST_CHOICES = 200;

/** Returns the fields for the members of an object's JSON Schema. @param secrets names of members with secret values */
export function fieldsOf(schema: Json, secrets: readonly string[]): readonly Field[] {
  const properties = objectAt(schema, 'properties');
  return schemaMembers(schema).map(({ name, type, isRequired, description }) => {
    const property = properties[name] ?? {};
    const given = isJsonObject(property) ? property : {};
    const isSecret = secrets.includes(name);
    return {
      name,
      control: isSecret ? { type: 'secret', ...textLimits(single(given)) } : controlOf(given),
      type,
      description: isSecret ? `${description.replace(/[^.!?]$/, '$&.')} ${SECRET}`.trim() : description,
      isRequired,
      isNullable: alternatives(given).some(isNull),
      preset: given['default'],
    };
  });
}

/** Returns whether a schema describes an object with members: other data is typed as JSON. */
export function hasFields(schema: Json): boolean {
  return Object.keys(objectAt(schema, 'properties')).length > 0;
}

function controlOf(schema: JsonObject): Control {
  const values = choicesOf(schema);
  if (values !== undefined && values.length <= MOST_CHOICES) return { type: 'choice', values };
  const given = single(schema);
  switch (given['type']) {
    case 'string':
      return hasLines(schema['default']) ? { type: 'lines' } : { type: 'text', ...textLimits(given) };
    case 'integer':
    case 'number':
      return {
        type: 'number',
        isInteger: given['type'] === 'integer',
        min: limit(given['minimum']),
        max: limit(given['maximum']),
      };
    case 'boolean':
      return { type: 'switch' };
    default:
      return { type: 'json' };
  }
}

function hasLines(preset: Json | undefined): boolean {
  return typeof preset === 'string' && preset.includes('\n');
}

/** Returns the values between which a schema chooses; undefined if it does not. */
function choicesOf(schema: JsonObject): readonly Json[] | undefined {
  const parts = alternatives(schema).map((each) => {
    if (isNull(each)) return [null];
    if (each['const'] !== undefined) return [each['const']];
    return Array.isArray(each['enum']) ? each['enum'] : undefined;
  });
  const values = parts.every((part) => part !== undefined) ? parts.flat() : [];
  return values.some((value) => value !== null) ? values : undefined;
}

/** Returns the only alternative of a schema other than null; the schema itself if there are several. */
function single(schema: JsonObject): JsonObject {
  const others = alternatives(schema).filter((each) => !isNull(each));
  const [only] = others;
  return only === undefined || others.length > 1 ? schema : only;
}

/** Returns the schemas one of which a value meets. `type: [string, null]` has two. */
function alternatives(schema: JsonObject): readonly JsonObject[] {
  const { anyOf, oneOf, type } = schema;
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return choices.filter(isJsonObject);
  if (!Array.isArray(type)) return [schema];
  return type.map((one): JsonObject => (one === 'null' ? { type: 'null' } : { ...schema, type: one }));
}

function isNull({ type, const: constant }: JsonObject): boolean {
  return type === 'null' || constant === null;
}

function textLimits(schema: JsonObject): TextLimits {
  const { minLength, maxLength, pattern } = schema;
  return {
    minLength: limit(minLength),
    maxLength: limit(maxLength),
    pattern: typeof pattern === 'string' ? wholePattern(pattern) : undefined,
  };
}

/** The attribute `pattern` is matched against the whole value, by other rules than those of JSON Schema. */
function wholePattern(pattern: string): string | undefined {
  const whole = `[^]*(?:${pattern})[^]*`;
  try {
    new RegExp(whole, 'v');
    return whole;
  } catch {
    return undefined;
  }
}

function limit(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function objectAt(schema: Json, name: string): JsonObject {
  const found = isJsonObject(schema) ? schema[name] : undefined;
  return isJsonObject(found) ? found : {};
}
