import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/** Outputs that a step could have instead of the rehearsed one. */
export interface OtherOutputs {
  /** Differs in every member at once. */
  readonly whole: Json;
  /** Each differs in one member only. */
  readonly single: readonly Json[];
}

type Path = readonly (string | number)[];

/** One member of an output, and its other value. */
interface Edit {
  readonly path: Path;
  readonly value: Json;
}

/** Elements of a list whose members are varied: more of the same show nothing new. */
const VARIED_ELEMENTS = 4;

/** Nesting of objects in an invented value; a schema may contain itself. */
const DEEPEST_SAMPLE = 4;

/**
 * Returns other outputs of a step: another text of the same format, another number, the opposite answer, a value for `null` and for an
 * absent member, one more element in a list. @param schema JSON Schema of the output
 */
export function otherOutputs(schema: Json, output: Json): OtherOutputs {
  const edits = editsOf({ schema, root: schema }, output, []);
  return {
    whole: edits.reduce((varied, { path, value }) => withMember(varied, path, value), output),
    single: edits.map(({ path, value }) => withMember(output, path, value)),
  };
}

interface Described {
  readonly schema: Json | undefined;
  /** The schema that `$ref` refers to. */
  readonly root: Json;
}

function editsOf(described: Described, value: Json, path: Path): readonly Edit[] {
  const schema = branchFor(described, value);
  const within = (inner: Json | undefined): Described => ({ ...described, schema: inner });
  if (Array.isArray(value)) {
    const elements: readonly Json[] = value;
    const items = schema['items'];
    const last = elements.at(-1);
    const more = items === undefined && last !== undefined ? last : sampleOf(within(items), 0);
    return [
      ...elements
        .slice(0, VARIED_ELEMENTS)
        .flatMap((element, index) => editsOf(within(items), element, [...path, index])),
      { path: [...path, elements.length], value: more },
    ];
  }
  if (isJsonObject(value)) return editsOfMembers(schema, value, path, within);
  return [{ path, value: otherScalar(described, schema, value) }];
}

function editsOfMembers(
  { properties, additionalProperties }: JsonObject,
  value: JsonObject,
  path: Path,
  within: (schema: Json | undefined) => Described,
): readonly Edit[] {
  const known = isJsonObject(properties) ? properties : {};
  const others = isJsonObject(additionalProperties) ? additionalProperties : undefined;
  const present = Object.entries(value).flatMap(([name, member]) =>
    editsOf(within(known[name] ?? others), member, [...path, name]),
  );
  const absent = Object.entries(known).filter(([name]) => !Object.hasOwn(value, name));
  return [
    ...present,
    ...absent.map(([name, schema]) => ({ path: [...path, name], value: sampleOf(within(schema), 0) })),
    ...(others === undefined ? [] : [{ path: [...path, OTHER_TEXT], value: sampleOf(within(others), 0) }]),
  ];
}

function otherScalar(described: Described, schema: JsonObject, value: Json): Json {
  const listed = valuesOf(described).find((each) => each !== value);
  if (listed !== undefined) return listed;
  if (value === null) return sampleOf(described, 0);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return Object.hasOwn(schema, 'const') ? value : otherNumber(value);
  return typeof value === 'string' ? otherText(value) : value;
}

/** Returns the values that a schema lists one by one; empty if it does not. */
function valuesOf(described: Described): readonly Json[] {
  const values = branchesOf(described).map((schema) => {
    if (Object.hasOwn(schema, 'const')) return [schema['const'] ?? null];
    return Array.isArray(schema['enum']) ? schema['enum'] : undefined;
  });
  return values.every((each) => each !== undefined) ? values.flat() : [];
}

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: (value) => isJsonObject(value),
};

/** Returns the alternatives of a schema, with references resolved. */
function branchesOf({ schema, root }: Described): readonly JsonObject[] {
  if (!isJsonObject(schema)) return [];
  const { $ref, anyOf, oneOf } = schema;
  if (typeof $ref === 'string') return branchesOf({ schema: referred($ref, root), root });
  const alternatives = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list : []));
  if (alternatives.length === 0) return [schema];
  return alternatives.flatMap((alternative: Json) => branchesOf({ schema: alternative, root }));
}

function referred(reference: string, root: Json): Json | undefined {
  if (!reference.startsWith('#/')) return undefined;
  let found: Json | undefined = root;
  for (const name of reference.slice(2).split('/')) found = isJsonObject(found) ? found[name] : undefined;
  return found;
}

/** Returns the alternative of a schema that describes this value; an empty schema if none does. */
function branchFor(described: Described, value: Json): JsonObject {
  return branchesOf(described).find((schema) => describes(schema, value)) ?? {};
}

function describes({ type, const: only, properties }: JsonObject, value: Json): boolean {
  if (only !== undefined) return only === value;
  if (typeof type === 'string' && TYPES[type]?.(value) === false) return false;
  if (!isJsonObject(properties) || !isJsonObject(value)) return true;
  return Object.entries(properties).every(([name, member]) => {
    if (!isJsonObject(member) || member['const'] === undefined) return true;
    return value[name] === member['const'];
  });
}

const OTHER_TEXT = 'other';

/** Returns a value of a schema, other than null if it has any. */
function sampleOf(described: Described, depth: number): Json {
  const branches = branchesOf(described);
  const schema = branches.find(({ type }) => type !== 'null') ?? branches[0] ?? {};
  const within = (inner: Json | undefined): Described => ({ ...described, schema: inner });
  const { type, properties, enum: listed } = schema;
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(listed)) return listed[0] ?? null;
  switch (type) {
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return depth < DEEPEST_SAMPLE ? [sampleOf(within(schema['items']), depth + 1)] : [];
    case 'object': {
      if (depth >= DEEPEST_SAMPLE || !isJsonObject(properties)) return {};
      const members = Object.entries(properties);
      return Object.fromEntries(members.map(([name, member]) => [name, sampleOf(within(member), depth + 1)]));
    }
    default:
      return OTHER_TEXT;
  }
}

const IPV4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(\/\d+)?$/;
/** An IPv6 address, or one of Ethernet. */
const ADDRESS = /^[0-9a-f]*(?::[0-9a-f]*)+(?:\/\d+)?$/i;
const MOMENT = /^(\d{4})(-\d\d-\d\dT.*)$/;

/**
 * Returns another text of the same format: another address, another year of a moment; otherwise each letter and digit replaced by the next
 * one of its class, so that a number stays one, and hexadecimal digits stay such.
 */
function otherText(text: string): string {
  if (text === '') return OTHER_TEXT;
  const [, first, second = '0', third, fourth = '0', length = ''] = IPV4.exec(text) ?? [];
  if (first !== undefined) {
    // The last octet of a network stays 0.
    const host = fourth === '0' ? '0' : nextOctet(fourth);
    return `${first}.${nextOctet(second)}.${third}.${host}${length}`;
  }
  const [, year, rest = ''] = MOMENT.exec(text) ?? [];
  if (year !== undefined) return `${String((Number(year) + 1) % 10_000).padStart(4, '0')}${rest}`;
  const [address = '', prefix] = ADDRESS.test(text) ? text.split('/') : [text];
  const other = `${address.replace(/[A-Za-z0-9]/g, nextCharacter)}${prefix === undefined ? '' : `/${prefix}`}`;
  return other === text ? `${text}${OTHER_TEXT}` : other;
}

/** A number so large that one more is the same becomes 0. */
const otherNumber = (value: number) => (value + 1 === value ? 0 : value + 1);

const nextOctet = (octet: string) => String((Number(octet) + 1) % 255);

const CLASSES = ['0123456789', 'abcdef', 'ghijklmnopqrstuvwxyz', 'ABCDEF', 'GHIJKLMNOPQRSTUVWXYZ'];

function nextCharacter(character: string): string {
  const all = CLASSES.find((each) => each.includes(character)) ?? character;
  return all.charAt((all.indexOf(character) + 1) % all.length);
}

/** Returns a value with one member replaced or added. */
function withMember(value: Json, [first, ...rest]: Path, member: Json): Json {
  if (first === undefined) return member;
  if (Array.isArray(value)) {
    const elements: Json[] = [...value];
    const index = Number(first);
    elements[index] = withMember(elements[index] ?? null, rest, member);
    return elements;
  }
  const members = isJsonObject(value) ? value : {};
  return { ...members, [first]: withMember(members[first] ?? null, rest, member) };
}
