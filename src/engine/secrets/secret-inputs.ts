import { z } from 'zod';
import { WfError } from '../model/errors.ts';
import { isJsonObject, type Json, toJson } from '../model/json.ts';

/**
 * Returns the names of the inputs that a schema marks as secret, by `secret()` or `.meta({ secret: true })`.
 * @throws WfError E_WORKFLOW_INVALID if a marked input cannot be kept secret
 */
export function secretInputs(workflow: string, schema: z.ZodObject): readonly string[] {
  const sides = (['input', 'output'] as const).map((io) => propertiesOf(schema, io));
  return Object.keys(schema.shape).filter((name) => {
    const described = sides.map((properties) => properties[name]);
    if (!described.some((property) => JSON.stringify(property ?? null).includes('"secret":true'))) return false;
    const [given = null] = described;
    if (!isText(given) || !described.some((property) => isMarked(property))) {
      throw invalid(
        workflow,
        `input ${name} is marked secret, but is not a string`,
        'Make each secret an input of its own.',
      );
    }
    // The history stores the definition, and the workflow file is not secret.
    if (hasDefault(given)) {
      throw invalid(workflow, `input ${name} is secret, but has a default`, 'Remove the default, or make it "".');
    }
    return true;
  });
}

/** Returns the schema of a stored input, which was checked at the start of its run, and has placeholders for its secrets. */
export function storedInputSchema(schema: z.ZodObject, secrets: readonly string[]): z.ZodObject {
  if (secrets.length === 0) return schema;
  const placeholders = secrets.map((name) => [name, z.string().nullish()]);
  return z.object({ ...schema.shape, ...Object.fromEntries(placeholders) });
}

function propertiesOf(schema: z.ZodObject, io: 'input' | 'output'): Readonly<Record<string, Json>> {
  const described = toJson(z.toJSONSchema(schema, { unrepresentable: 'any', io }));
  const properties = isJsonObject(described) ? described['properties'] : undefined;
  return isJsonObject(properties) ? properties : {};
}

/** Whether the property is marked, or one of its alternatives, as of a nullable one. */
function isMarked(property: Json | undefined): boolean {
  if (!isJsonObject(property)) return false;
  return property['secret'] === true || alternativesOf(property).some(isMarked);
}

function isText(property: Json): boolean {
  if (!isJsonObject(property)) return false;
  const { type } = property;
  if (type === undefined) return alternativesOf(property).length > 0 && alternativesOf(property).every(isText);
  return type === 'string' || type === 'null';
}

function hasDefault(property: Json): boolean {
  if (!isJsonObject(property)) return false;
  const { default: value } = property;
  return (value !== undefined && value !== '' && value !== null) || alternativesOf(property).some(hasDefault);
}

function alternativesOf(property: Json): readonly Json[] {
  if (!isJsonObject(property)) return [];
  return ['anyOf', 'oneOf', 'allOf'].flatMap((name) => {
    const alternatives = property[name];
    return Array.isArray(alternatives) ? alternatives : [];
  });
}

function invalid(workflow: string, message: string, hint: string): WfError {
  return new WfError('E_WORKFLOW_INVALID', `workflow ${workflow}: ${message}`, { hint });
}
