import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';
import { isJsonObject, type Json, toJson } from '../engine/model/json.ts';

/**
 * Names of the inputs that a schema marks as secret, by `secret()` or `.meta({ secret: true })`.
 * @throws WfError E_WORKFLOW_INVALID where the mark is on something that could not be kept secret.
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
        `input ${name} is marked secret, and is not a text`,
        'Make each secret an input of its own.',
      );
    }
    // The definition is kept in the history, and the file is for all to read.
    if (hasDefault(given)) {
      throw invalid(workflow, `input ${name} is secret, and has a default`, 'Leave out the default, or make it "".');
    }
    return true;
  });
}

/** The schema of an input that was checked when its run was started, and holds placeholders for its secrets. */
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

/** Itself, or as one of several alternatives: a nullable one is. */
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
