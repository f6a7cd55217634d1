import type { PreparedStatement } from './reading-statements.ts';

const namesOf = new WeakMap<PreparedStatement, readonly string[]>();

/**
 * What a `raw` statement answers, with the names of its columns. better-sqlite3 would do that too, but each object that it makes is
 * a dictionary to V8: to make and to parse those takes twice as long.
 */
export function namedRows(
  statement: PreparedStatement,
  parameters: Readonly<Record<string, unknown>> = {},
): readonly unknown[] {
  return statement.all(parameters).map((row) => namedRow(statement, row));
}

/** One row that a `raw` statement has answered, with the names of its columns. */
export function namedRow(statement: PreparedStatement, row: unknown): unknown {
  let names = namesOf.get(statement);
  if (names === undefined) {
    names = statement.columns().map(({ name }) => name);
    namesOf.set(statement, names);
  }
  return named(names, row);
}

function named(names: readonly string[], row: unknown): unknown {
  const values: readonly unknown[] = Array.isArray(row) ? row : [];
  const object: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index++) object[names[index] ?? ''] = values[index];
  return object;
}
