import type { Json } from '../../engine/model/json.ts';
import { type Column, tableLines } from './format/table.ts';
import type { TextStyle } from './format/text-style.ts';
import { schemaMembers, typeWords } from './schema-members.ts';

const COLUMNS: readonly Column[] = [
  { title: 'name' },
  { title: 'type', shrinksTo: 12 },
  { title: 'default' },
  { title: 'description', shrinksTo: 16 },
];

/** Returns the members of an object's JSON Schema as a table: name, type, default and description. */
export function schemaLines(schema: Json, style: TextStyle): readonly string[] {
  const members = schemaMembers(schema);
  if (members.length === 0) return [`  ${typeWords(schema)}`];
  const rows = members.map(({ name, type, preset, isRequired, description }) => {
    return [name, type, preset ?? (isRequired ? '(required)' : '(optional)'), description];
  });
  return tableLines(COLUMNS, rows, style, '  ');
}
