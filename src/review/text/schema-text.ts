import type { Json } from '../../engine/model/json.ts';
import { oneLine } from './format/plain-text.ts';
import { type Column, tableLines } from './format/table.ts';
import type { TextStyle } from './format/text-style.ts';
import { schemaMembers, schemaVariants, typeWords, type Variants } from './schema-members.ts';

const COLUMNS: readonly Column[] = [
  { title: 'name' },
  { title: 'type', shrinksTo: 12 },
  { title: 'default' },
  { title: 'description', shrinksTo: 16 },
];

/**
 * Returns the members of an object's JSON Schema as a table: name, type, default and description. The alternatives of unions of objects
 * follow it, one a line.
 */
export function schemaLines(schema: Json, style: TextStyle): readonly string[] {
  const own = schemaVariants(schema);
  if (own !== null) return variantLines(own);
  const members = schemaMembers(schema);
  if (members.length === 0) return [`  ${typeWords(schema)}`];
  const rows = members.map(({ name, type, preset, isRequired, description, variants }) => {
    const shown = variants === null ? type : `${variants.of} ${variants.lines.length} (below)`;
    return [name, shown, preset ?? (isRequired ? '(required)' : '(optional)'), description];
  });
  return [
    ...tableLines(COLUMNS, rows, style, '  '),
    ...members.flatMap(({ name, variants }) => (variants === null ? [] : variantLines(variants, name))),
  ];
}

function variantLines({ of, lines }: Variants, member?: string): readonly string[] {
  const title = member === undefined ? of : `${oneLine(member)}: ${of}`;
  return [`  ${title}`, ...lines.map((line) => `    ${oneLine(line)}`)];
}
