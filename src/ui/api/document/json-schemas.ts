import * as z from 'zod';

/** A schema of JSON Schema 2020-12, as OpenAPI 3.1 uses it. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/** Turns schemas of zod into those of an OpenAPI document: the named ones become its components. */
export interface SchemaWriter {
  /** Returns the schema of an answer: a later version may add members. */
  answer(schema: z.core.$ZodType): SchemaObject;
  /** Returns the schema of a part of a request, which has no other members. */
  request(schema: z.core.$ZodType): SchemaObject;
  /** The named schemas that were used. */
  components(): Readonly<Record<string, SchemaObject>>;
}

const DEFINITIONS = '#/$defs/';
const COMPONENTS = '#/components/schemas/';

export function schemaWriter(): SchemaWriter {
  const components: Record<string, SchemaObject> = {};

  function written(schema: z.core.$ZodType, isAnswer: boolean): SchemaObject {
    // A named schema is referred to as a member only.
    const document = z.toJSONSchema(z.object({ it: schema }), {
      io: 'input',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => simplify(jsonSchema, isAnswer),
    });
    const { $defs = {}, properties = {} } = withComponents(document);
    for (const [name, { id: _name, ...definition }] of Object.entries($defs)) components[name] = definition;
    const it = properties['it'];
    return typeof it === 'object' ? it : {};
  }

  return {
    answer: (schema) => written(schema, true),
    request: (schema) => written(schema, false),
    components: () => Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Lets every reference point to the components. */
function withComponents(document: z.core.JSONSchema.BaseSchema): z.core.JSONSchema.BaseSchema {
  return JSON.parse(JSON.stringify(document), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' ? value.replace(DEFINITIONS, COMPONENTS) : value,
  );
}

/** Removes members that follow from the others. */
function simplify(schema: z.core.JSONSchema.BaseSchema, isAnswer: boolean): void {
  if (schema.format === 'date-time') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  delete schema.propertyNames;
  if (isAnswer && schema.additionalProperties === false) delete schema.additionalProperties;
}
