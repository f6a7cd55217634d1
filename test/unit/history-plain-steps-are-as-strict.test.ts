import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainStep } from '../../src/history/plain-step.ts';
import { stepRow } from '../../src/history/rows.ts';

/** A row as SQLite answers it, by the names of its columns, in their order. */
const ROW = {
  id: 'isolation.ping-2',
  stage: 'isolation',
  kind: 'probe.ping',
  status: 'running',
  attempts: 1,
  started_at: 1_700_000_000_000,
  finished_at: null,
  input: '{"from":"AppDev"}',
  output: null,
  error: null,
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
  'dreaming',
  'succeeded',
  'stopped',
  '{',
  '{}',
  '[]',
  'null',
  '"text"',
  '{"a":1e999,"__proto__":{"b":1}}',
  '{"code":"E_STEP_FAILED","message":"m","hint":"h"}',
];

function expectAsStrict(row: readonly unknown[]): void {
  const taken = plainStep(row);
  if (taken === undefined) return;
  const parsed = stepRow().safeParse(Object.fromEntries(columns.map((name, index) => [name, row[index]])));
  expect(parsed.error).toBeUndefined();
  expect(taken).toEqual(parsed.data);
  expect(JSON.stringify(taken)).toBe(JSON.stringify(parsed.data));
}

test('a row whose columns are in order is taken without the schema, and is what the schema makes of it', () => {
  for (const [column, value] of [
    [3, 'succeeded'],
    [6, 1_700_000_000_007],
    [7, 'null'],
    [8, '{"received":3}'],
  ] as const) {
    const row = values.with(column, value);
    expect(plainStep(row)).toBeDefined();
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
