import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openHistory, openHistoryForReading } from '../../src/history/open.ts';
import { startChild } from '../fixtures/history/child.ts';
import { rebuildProjection } from '../fixtures/history/rebuild-projection.ts';
import { headerOf, runId } from '../fixtures/history/samples.ts';
import { openForTest, openRaw, temporaryFolder, temporaryPath } from '../fixtures/history/temporary.ts';
import { EVERY_CASE } from '../support/rotation.ts';

const { id } = headerOf('killed');

/** The number of kills, each at another random moment. */
const TIMES = EVERY_CASE ? [1, 2, 3, 4] : [1, 2];

test.each(TIMES)('entries whose append has returned survive kill -9 (%i)', async () => {
  const path = temporaryPath();
  const child = startChild('history/append-loop', [path, id, '1000000']);
  await child.line(1);
  await delay(Math.random() * 80);
  child.process.kill('SIGKILL');
  expect(await child.ended).toBe('SIGKILL');

  const reader = openHistoryForReading(path);
  const { history } = openForTest(path);
  const journal = history.journal(id);
  expect(reader?.journal(id)).toEqual(journal);
  reader?.close();
  const lastPrinted = Number(child.lines.at(-1));
  expect(journal.length).toBeGreaterThanOrEqual(lastPrinted);
  // At most one append was running when the signal came.
  expect(journal.length).toBeLessThanOrEqual(lastPrinted + 2);
  expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_entry, index) => index + 1));
  const rebuilt = rebuildProjection(journal);
  expect(history.steps(id)).toEqual(rebuilt?.steps);
  expect(history.changes(id)).toEqual(rebuilt?.changes);
  expect(history.run(id)).toMatchObject({ ...rebuilt?.run, fence: 1 });
});

test.each(TIMES)('a database whose creation was killed can be opened (%i)', async () => {
  const folder = temporaryFolder();
  const child = startChild('history/make-databases', [folder, '1000000']);
  await child.line(3);
  await delay(Math.random() * 60);
  child.process.kill('SIGKILL');
  expect(await child.ended).toBe('SIGKILL');

  const last = Number(child.lines.at(-1));
  for (const turn of [last - 1, last]) {
    const path = join(folder, `${turn}`, 'wf.db');
    const reader = openHistoryForReading(path);
    const seen = reader?.run(runId('made'));
    reader?.close();
    const { history } = openForTest(path);
    expect(history.run(runId('made'))).toEqual(seen);
    if (turn < last) expect(seen?.id).toBe('made');
    expect(history.freeReserve()).toBe(true);
  }
});

test('a reader recovers from a process killed while it wrote the first page', () => {
  const folder = temporaryFolder();
  const [making, path] = [join(folder, 'making.db'), join(folder, 'wf.db')];
  fs.writeFileSync(making, '', { mode: 0o600 });
  const raw = openRaw(making);
  // With a cache this small, SQLite writes to the file and its rollback journal before the commit.
  raw.pragma('cache_size = 1');
  raw.exec('BEGIN; CREATE TABLE filler (x); INSERT INTO filler VALUES (randomblob(300000))');
  raw.exec('INSERT INTO filler VALUES (randomblob(300000))');
  for (const suffix of ['', '-journal']) fs.copyFileSync(making + suffix, path + suffix);
  expect(fs.statSync(path).size).toBeGreaterThan(100_000);
  const reader = openHistoryForReading(path);
  expect(reader?.runs({ limit: 1 })).toEqual([]);
  reader?.close();
});

test('a reserve that a killed process left too short is created again', () => {
  const path = temporaryPath();
  openHistory(path).close();
  const { size } = fs.statSync(`${path}-reserve`);
  fs.truncateSync(`${path}-reserve`, 4096);
  openForTest(path);
  expect(fs.statSync(`${path}-reserve`).size).toBe(size);
});
