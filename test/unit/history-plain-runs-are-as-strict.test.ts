import { expect, test } from 'vitest';
import { plainRun } from '../../src/history/plain-run.ts';
import { runRow } from '../../src/history/rows/run-row.ts';
import { inTwoWays } from '../fixtures/history/plain-rows.ts';
import { headerOf, OWNER } from '../fixtures/history/samples.ts';
import { openForTest, openRaw } from '../fixtures/history/temporary.ts';

const { id, workflow, definitionHash, runtime, input, options, createdAt } = headerOf('plain');

const PLACE = JSON.stringify({
  bootId: 'b',
  networkNamespace: { inode: 1, name: null },
  pidNamespace: '2 since 3',
  folder: '/',
  user: 0,
});

const { expectTaken, expectNoOtherTaken } = inTwoWays({
  row: {
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
    owner_pid_namespace: null,
    place: null,
    imported_from: null,
    changes_in_place: 3,
  },
  plain: plainRun,
  schema: runRow(),
  junk: [
    '{"onFailure":"keep","pauseAfter":"setup"}',
    '{"pauseAfter":null,"onFailure":"rollback","more":1}',
    '{"onFailure":"hope","pauseAfter":null}',
    '{"onFailure":"keep","pauseAfter":1}',
    '{"onFailure":"keep"}',
    '{"onFailure":"keep","pauseAfter":null,"secrets":{"token":"env:TOKEN"}}',
    '{"onFailure":"keep","pauseAfter":null,"secrets":{"token":1}}',
    PLACE,
    PLACE.replace('"user":0', '"user":"0"'),
    PLACE.replace('"name":null', '"name":1'),
  ],
});

test('a row whose columns are in order is taken without the schema, and is what the schema makes of it', () => {
  for (const [column, value] of [
    [0, id],
    [3, 'embedded'],
    [5, '{"onFailure":"keep","pauseAfter":"setup"}'],
    [6, 'succeeded'],
    [10, '{"links":2}'],
    [13, null],
    [16, '4026532500 since 12'],
    [17, PLACE],
    [18, 'elsewhere'],
  ] as const) {
    expectTaken(column, value);
  }
});

test('no row is taken of which the schema refuses a column, or makes something else', expectNoOtherTaken);

test('the columns are taken in the order in which they are asked for', () => {
  const { history, path } = openForTest();
  const owner = { ...OWNER, pidNamespace: '2 since 3' };
  const header = headerOf('plain', { place: JSON.parse(PLACE) });
  history.create(header, { name: 'lab' }, owner, [], createdAt);
  openRaw(path).exec(
    `UPDATE runs SET status = 'succeeded', started_at = 11, finished_at = 12, output = '{"a":1}', fence = 13, imported_from = 'there'`,
  );
  const expected = {
    ...header,
    status: 'succeeded',
    owner,
    startedAt: 11,
    finishedAt: 12,
    output: { a: 1 },
    error: null,
    fence: 13,
    changesInPlace: 0,
    importedFrom: 'there',
  };
  expect(history.run(id)).toEqual(expected);
  expect(history.runs({ limit: 1 })).toEqual([expected]);
});
