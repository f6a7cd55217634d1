import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';
import { type Column, tableLines } from './format/table.ts';
import type { TextStyle } from './format/text-style.ts';

const COLUMNS: readonly Column[] = [
  { title: 'name' },
  { title: 'type', shrinksTo: 12 },
  { title: 'default' },
  { title: 'description', shrinksTo: 16 },
];

/** Returns the members of an object's JSON Schema as a table: name, type, default and description. */
export function schemaLines(schema: Json, style: TextStyle): readonly string[] {
  const properties = isJsonObject(schema) ? schema['properties'] : undefined;
  const entries = isJsonObject(properties) ? Object.entries(properties) : [];
  if (entries.length === 0) return [`  ${isJsonObject(schema) ? typeWords(schema) : 'anything'}`];
  const required = isJsonObject(schema) && Array.isArray(schema['required']) ? schema['required'] : [];
  const rows = entries.map(([name, member]) => {
    const described: JsonObject = isJsonObject(member) ? member : {};
    return [name, typeWords(described), defaultWords(described, required.includes(name)), descriptionOf(described)];
  });
  return tableLines(COLUMNS, rows, style, '  ');
}

function defaultWords(member: JsonObject, required: boolean): string {
  if (member['default'] !== undefined) return JSON.stringify(member['default']);
  return required ? '(required)' : '(optional)';
}

function descriptionOf({ description }: JsonObject): string {
  return typeof description === 'string' ? description : '';
}

/** Returns a JSON Schema in a few words: `string`, `integer or null`, `list of string`, `"a" or "b"`. */
function typeWords(schema: JsonObject): string {
  const { type, items, const: constant } = schema;
  const choice = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' or ');
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(choice)) return choice.map((one) => (isJsonObject(one) ? typeWords(one) : 'anything')).join(' or ');
  if (type === 'array') return `list of ${isJsonObject(items) ? typeWords(items) : 'anything'}`;
  if (Array.isArray(type)) return type.join(' or ');
  return typeof type === 'string' ? type : 'anything';
}
