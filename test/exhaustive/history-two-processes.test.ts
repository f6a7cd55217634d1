import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from '../fixtures/history/child.ts';
import { AT, DEFINITION, decidedToStart, headerOf, OWNER, runId } from '../fixtures/history/samples.ts';
import { errorOf, openForTest, temporaryFolder, temporaryPath } from '../fixtures/history/temporary.ts';
import { EVERY_CASE } from '../support/rotation.ts';

test('processes can open a new database at the same moment', async () => {
  const folder = temporaryFolder();
  const ids = ['first', 'second', 'third'];
  const databases = EVERY_CASE ? 120 : 40;
  const children = ids.map((id) => startChild('history/open-at-once', [folder, id, `${databases}`]));
  await Promise.all(children.map((child) => child.line(1)));
  for (const child of children) child.process.stdin?.write(`${Date.now() + 50}`);
  expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0]);
  for (let turn = 0; turn < databases; turn++) {
    const { history } = openForTest(join(folder, `${turn}`, 'wf.db'));
    expect(history.runIds('', 10).toSorted()).toEqual(ids);
  }
});

test('processes append to different runs at once without a lock error', async () => {
  const path = temporaryPath();
  const children = ['one', 'two', 'three'].map((id) => startChild('history/append-loop', [path, id, '400']));
  expect(await Promise.all(children.map((child) => child.ended))).toEqual([0, 0, 0]);
  const { history } = openForTest(path);
  for (const id of ['one', 'two', 'three']) expect(history.journal(runId(id))).toHaveLength(800);
});

test('a lock of another process is reported after the time-out', async () => {
  const { history, path } = openForTest();
  const lease = history.create(headerOf('held'), DEFINITION, OWNER, [], AT);
  const child = startChild('history/hold-lock', [path]);
  await child.line(1);
  const append = () => history.append(lease, { events: [decidedToStart('a')] }, AT);
  const error = errorOf(append);
  expect(error).toMatchObject({ code: 'E_DATABASE_LOCKED', transient: true });
  expect(error.hint).toContain(path);
  expect(history.journal(lease.run)).toEqual([]);
  child.process.stdin?.end();
  await child.ended;
  expect(append()).toHaveLength(1);
});
