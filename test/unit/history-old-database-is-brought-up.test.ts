import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { asStepId } from '../../src/engine/ids.ts';
import { openHistory, openHistoryForReading } from '../../src/history/open.ts';
import { MIGRATIONS, TABLES_AND_INDEXES } from '../../src/history/sqlite/schema.ts';
import { rebuildProjection } from '../fixtures/history/rebuild-projection.ts';
import { AT, ENDED, OWNER, runId } from '../fixtures/history/samples.ts';
import { openForTest, openRaw, temporaryPath } from '../fixtures/history/temporary.ts';

const SCHEMA_1 = new URL('../fixtures/history/schema-1.sql', import.meta.url);

/** A database as an earlier wf left it. */
function oldDatabase(): string {
  const path = temporaryPath();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '', { mode: 0o600 });
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('foreign_keys = OFF'); // the tables come in no order
  db.exec(readFileSync(SCHEMA_1, 'utf8'));
  db.close();
  return path;
}

test('a database of the first schema is brought to this one, with every run as it was', () => {
  const { history, path } = openForTest(oldDatabase());
  expect(openRaw(path).pragma('user_version', { simple: true })).toBe(MIGRATIONS.length);
  const runs = history.runs({ limit: 10 });
  expect(
    runs.map(({ id, status, changesInPlace, importedFrom }) => [id, status, changesInPlace, importedFrom]),
  ).toEqual([
    ['stopped', 'running', 1, null],
    ['failed', 'needs-attention', 1, null],
    ['done', 'succeeded', 0, null],
  ]);
  for (const { id, status } of runs) {
    const rebuilt = rebuildProjection(history.journal(id));
    expect(rebuilt?.run.status).toBe(status);
    expect(rebuilt?.steps).toEqual(history.steps(id));
    expect(rebuilt?.changes).toEqual(history.changes(id));
  }
  expect(history.evidence(runId('done')).map(({ output }) => output)).toEqual(['1: lo\n', 'long '.repeat(300)]);
  expect(history.claimsOf(runId('stopped'))).toEqual(['network stopped']);
});

test('it then has the tables of a new one, and refuses the same rows', () => {
  const tables = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name";
  const [brought, made] = [oldDatabase(), temporaryPath()].map((given) => {
    const { history, path } = openForTest(given);
    history.close();
    return openRaw(path);
  });
  expect(brought?.prepare(tables).all()).toEqual(made?.prepare(tables).all());
  for (const db of [brought, made]) {
    expect(db?.pragma('integrity_check', { simple: true })).toBe('ok');
    const step = `INSERT INTO steps (run, id, stage, kind, status, attempts, started_at, input) VALUES (1, 'x', '', '', ?, 1, 0, '{}')`;
    const insert = db?.prepare(step);
    db?.pragma('foreign_keys = OFF');
    expect(() => insert?.run('done')).toThrow('CHECK constraint failed');
    for (const status of ['running', 'retrying', 'succeeded', 'failed', 'stopped']) {
      expect(insert?.run(status).changes).toBe(1);
      db?.exec(`DELETE FROM steps WHERE run = 1 AND id = 'x'`);
    }
  }
});

test('what only reads brings it up too, and an interrupted run of it goes on', () => {
  const path = oldDatabase();
  const reader = openHistoryForReading(path);
  expect(reader?.runs({ limit: 10 })).toHaveLength(3);
  reader?.close();
  const history = openHistory(path);
  const lease = history.takeOver(runId('stopped'), OWNER, () => false);
  const seen = {
    step: asStepId('a'),
    attempt: 2,
    command: 'ip',
    output: 'x'.repeat(4_000),
    exitCode: 0,
    startedAt: AT,
    durationMs: 1,
  };
  history.append(lease, { events: [ENDED], evidence: [seen] }, AT + 30);
  expect(history.evidence(lease.run)).toEqual([seen]);
  history.close();
});

test('what refers to a fingerprint in it is found, and what is unused goes', () => {
  const { history } = openForTest(oldDatabase());
  const before = rowsOf(history.journal(runId('done')));
  const request = { endedBefore: AT + 100, keep: 0, isAlive: () => false };
  let place = null;
  let fingerprints = 0;
  for (let turn = 0; turn < 10; turn++) {
    const pruned = history.pruneUnused(place, () => false);
    if (pruned.type === 'busy' || pruned.next === null) break;
    fingerprints += pruned.removed;
    place = pruned.next;
  }
  expect([fingerprints, before.length]).toEqual([0, 1]);
  expect(before.map((hash) => history.fingerprint(hash))).toEqual([{ links: ['lo'] }]);
  expect(history.pruneSome(request, null)).toEqual({ removed: ['lab'], next: null });
  expect(history.run(runId('done'))).toBeUndefined();
});

function rowsOf(journal: ReturnType<ReturnType<typeof openForTest>['history']['journal']>): readonly string[] {
  return journal.flatMap(({ event }) => (event.type === 'baseline.taken' ? [event.fingerprint] : []));
}

test('what a database of this version is said to hold is what it holds', () => {
  const { path } = openForTest();
  const names = openRaw(path).prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'").pluck().all();
  expect(names.toSorted()).toEqual([...TABLES_AND_INDEXES].toSorted());
});
