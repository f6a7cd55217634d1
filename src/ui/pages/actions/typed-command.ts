import { commandLine } from '../../../engine/model/evidence.ts';
import { isJsonObject, type Json } from '../../../engine/model/json.ts';
import { isSecretSource } from '../../../engine/secrets/secret-source.ts';
import type { PageFrame } from '../page-model.ts';

/** An option with its value; without a value, a switch. */
export type Option = readonly [name: string, value?: string];

/** Returns the command line that does the same as a page, to be typed in a terminal. */
export function typedCommand(
  { namedDatabase }: Pick<PageFrame, 'namedDatabase'>,
  command: string,
  args: readonly string[],
  options: readonly Option[] = [],
): string {
  const database: readonly Option[] = namedDatabase === null ? [] : [['--db', namedDatabase]];
  const given = [...options, ...database].flatMap(([name, value]) =>
    value === undefined ? [name] : value.startsWith('-') ? [`${name}=${value}`] : [name, value],
  );
  // After `--` an argument is no option.
  const isPlain = args.every((arg) => !arg.startsWith('-'));
  return commandLine(['wf', command, ...(isPlain ? [...args, ...given] : [...given, '--', ...args])]);
}

/** The option for a comment; none if nothing was typed. */
export function commentOption(comment: string): readonly Option[] {
  return comment.trim() === '' ? [] : [['--comment', comment]];
}

/** The option for the data of an event; none if it has none. */
export function dataOption(data: Json): readonly Option[] {
  return isJsonObject(data) && Object.keys(data).length === 0 ? [] : [['--data', JSON.stringify(data)]];
}

/** Returns the reference to a secret that was typed; an example of one if it is the secret itself. */
export function secretSource(value: Json): string {
  return isSecretSource(value) ? value : '@env:VARIABLE';
}

/** The same before the data is known: its members that are required. */
export function exampleData(schema: Json): readonly Option[] {
  const required = isJsonObject(schema) ? schema['required'] : undefined;
  if (!Array.isArray(required) || required.length === 0) return [];
  return [['--data', `{${required.map((name) => `${JSON.stringify(name)}:...`).join(',')}}`]];
}
