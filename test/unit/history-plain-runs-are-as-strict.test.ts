import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainRun } from '../../src/history/plain-run.ts';
import { runRow } from '../../src/history/rows.ts';
import { headerOf, OWNER } from '../fixtures/history/samples.ts';
import { openForTest, openRaw } from '../fixtures/history/temporary.ts';

const { id, workflow, definitionHash, runtime, input, options, createdAt } = headerOf('plain');

/** A row as SQLite answers it, by the names of its columns, in their order. */
const ROW = {
  id,
  workflow,
  definition_hash: definitionHash,
  runtime,
  input: JSON.stringify(input),
  options: JSON.stringify(options),
  status: 'running',
  created_at: createdAt,
  started_at: createdAt + 1,
  finished_at: null,
  output: null,
  error: null,
  fence: 2,
  owner_pid: OWNER.pid,
  owner_start_time: OWNER.startTime,
  owner_boot_id: OWNER.bootId,
  imported_from: null,
  standing_changes: 3,
};
const columns = Object.keys(ROW);
const values: readonly unknown[] = Object.values(ROW);

/** What may stand in a column, rightly or not. */
const JUNK: readonly unknown[] = [
  null,
  undefined,
  0,
  7.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  9n,
  Buffer.from('x'),
  '',
  '-not an id',
  'other',
  'embedded',
  'dreaming',
  'succeeded',
  '{',
  '{}',
  '[]',
  'null',
  '"text"',
  '{"a":1e999,"__proto__":{"b":1}}',
  '{"onFailure":"keep","pauseAfter":"setup"}',
  '{"pauseAfter":null,"onFailure":"rollback","more":1}',
  '{"onFailure":"hope","pauseAfter":null}',
  '{"onFailure":"keep","pauseAfter":1}',
  '{"onFailure":"keep"}',
  '{"onFailure":"keep","pauseAfter":null,"secrets":{"token":"env:TOKEN"}}',
  '{"onFailure":"keep","pauseAfter":null,"secrets":{"token":1}}',
  '{"code":"E_STEP_FAILED","message":"m","hint":"h"}',
];

const named = (row: readonly unknown[]) => Object.fromEntries(columns.map((name, index) => [name, row[index]]));

function expectAsStrict(row: readonly unknown[]): void {
  const taken = plainRun(row);
  if (taken === undefined) return;
  const parsed = runRow().safeParse(named(row));
  expect(parsed.error).toBeUndefined();
  expect(taken).toEqual(parsed.data);
  expect(JSON.stringify(taken)).toBe(JSON.stringify(parsed.data));
}

test('a row whose columns are in order is taken without the schema, and is what the schema makes of it', () => {
  for (const [column, value] of [
    [0, id],
    [3, 'embedded'],
    [5, '{"onFailure":"keep","pauseAfter":"setup"}'],
    [6, 'succeeded'],
    [10, '{"links":2}'],
    [13, null],
    [16, 'elsewhere'],
  ] as const) {
    const row = values.with(column, value);
    expect(plainRun(row)).toBeDefined();
    expectAsStrict(row);
  }
});

test('no row is taken of which the schema refuses a column, or makes something else', () => {
  for (const column of columns.keys()) for (const junk of JUNK) expectAsStrict(values.with(column, junk));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(columns.length - 1), fc.constantFrom(...JUNK)), { minLength: 2, maxLength: 4 }),
      (changes) => expectAsStrict(changes.reduce((row, [column, junk]) => row.with(column, junk), values)),
    ),
  );
});

test('the columns are taken in the order in which they are asked for', () => {
  const { history, path } = openForTest();
  history.create(headerOf('plain'), { name: 'lab' }, OWNER, [], createdAt);
  openRaw(path).exec(
    `UPDATE runs SET status = 'succeeded', started_at = 11, finished_at = 12, output = '{"a":1}', fence = 13, imported_from = 'there'`,
  );
  const expected = {
    ...headerOf('plain'),
    status: 'succeeded',
    owner: OWNER,
    startedAt: 11,
    finishedAt: 12,
    output: { a: 1 },
    error: null,
    fence: 13,
    standingChanges: 0,
    importedFrom: 'there',
  };
  expect(history.run(id)).toEqual(expected);
  expect(history.runs({ limit: 1 })).toEqual([expected]);
});
