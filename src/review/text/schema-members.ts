import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';

/** One member of the object that a JSON Schema describes. */
export interface SchemaMember {
  readonly name: string;
  /** The type in words: `string`, `integer or null`, `list of string`, `"a" or "b"`. */
  readonly type: string;
  /** The default as JSON, or null if there is none. */
  readonly preset: string | null;
  readonly isRequired: boolean;
  readonly description: string;
  /** Members of the member, if it can be one kind of object only. */
  readonly members: readonly SchemaMember[];
  /** The alternatives of the member; null if none is an object with fields. */
  readonly variants: Variants | null;
}

/** The alternatives of a value, or of the items of a list, each in one line with its fields. */
export interface Variants {
  readonly of: 'one of' | 'list of';
  /** Such as `{ type: "host" }`, `{ path: string, mode?: integer }` and `null`. */
  readonly lines: readonly string[];
}

/** Formats a literal in a type. */
type Literal = (text: string) => string;

/** Returns the members of an object's JSON Schema; empty for another schema. */
export function schemaMembers(schema: Json, literal: Literal = (text) => text): readonly SchemaMember[] {
  const { required } = asObject(schema);
  const names = listOf(required);
  return Object.entries(propertiesOf(schema)).map(([name, member]) => {
    const { default: preset, description } = asObject(member);
    return {
      name,
      type: typeWords(member, literal),
      preset: preset === undefined ? null : JSON.stringify(preset),
      isRequired: names.includes(name),
      description: typeof description === 'string' ? description : '',
      members: membersOfObject(member, literal),
      variants: schemaVariants(member),
    };
  });
}

/** Returns a JSON Schema in a few words. */
export function typeWords(schema: Json, literal: Literal = (text) => text): string {
  const { type, items = {}, const: constant, enum: values } = asObject(schema);
  if (values !== undefined) return listOf(values).map(quoted).join(' or ');
  if (constant !== undefined) return quoted(constant);
  const choices = choicesOf(schema);
  if (choices.length > 0) return [...new Set(choices.map(choiceWords))].join(' or ');
  if (type === 'array') return `list of ${typeWords(items, literal)}`;
  if (typeof type === 'string') return type;
  return type === undefined ? 'any JSON' : listOf(type).join(' or ');

  function quoted(value: Json): string {
    return literal(JSON.stringify(value));
  }

  /** An object with a `type` that distinguishes it from its alternatives is shown with its members. */
  function choiceWords(choice: Json): string {
    const { type: kind, ...others } = propertiesOf(choice);
    const { const: distinction } = asObject(kind);
    if (typeof distinction !== 'string') return typeWords(choice, literal);
    return literal(`{ ${[`type: '${distinction}'`, ...Object.keys(others)].join(', ')} }`);
  }
}

/** Returns the alternatives of a JSON Schema; null if it has none, or none is an object with fields. */
export function schemaVariants(schema: Json): Variants | null {
  const { items } = asObject(schema);
  if (items !== undefined) {
    const lines = variantsIn(items);
    return lines.length === 0 ? null : { of: 'list of', lines };
  }
  const lines = variantsIn(schema);
  return lines.length === 0 ? null : { of: 'one of', lines };
}

function variantsIn(schema: Json): readonly string[] {
  const choices = choicesOf(schema).flatMap(alternatives);
  return choices.some(hasFields) ? [...new Set(choices.map(variantWords))] : [];
}

/** Returns a schema, or the choices in it: a union in a union, such as a nullable one, is nested. */
function alternatives(schema: Json): readonly Json[] {
  const choices = choicesOf(schema);
  return choices.length === 0 ? [schema] : choices.flatMap(alternatives);
}

function variantWords(schema: Json): string {
  if (!hasFields(schema)) return typeWords(schema);
  const fields = schemaMembers(schema).map(({ name, type, isRequired }) => `${name}${isRequired ? '' : '?'}: ${type}`);
  return `{ ${fields.join(', ')} }`;
}

function hasFields(schema: Json): boolean {
  return Object.keys(propertiesOf(schema)).length > 0;
}

function membersOfObject(schema: Json, literal: Literal): readonly SchemaMember[] {
  const objects = [schema, ...choicesOf(schema)].filter(hasFields);
  const [only] = objects;
  return only === undefined || objects.length > 1 ? [] : schemaMembers(only, literal);
}

function choicesOf(schema: Json): readonly Json[] {
  const { anyOf, oneOf } = asObject(schema);
  return listOf(anyOf ?? oneOf);
}

function propertiesOf(schema: Json): JsonObject {
  return asObject(asObject(schema)['properties']);
}

function asObject(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
