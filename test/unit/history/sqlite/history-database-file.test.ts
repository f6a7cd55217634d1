import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openHistory, openHistoryForReading } from '../../../../src/history/open.ts';
import { connect } from '../../../../src/history/sqlite/connect.ts';
import { SCHEMA_VERSION } from '../../../../src/history/sqlite/schema.ts';
import { PinnedConnection } from '../../../../src/sqlite/pinned-connection.ts';
import { AT, DEFINITION, decidedToStart, headerOf, OWNER } from '../../../fixtures/history/samples.ts';
import { errorOf, openForTest, openRaw, temporaryFolder, temporaryPath } from '../../../fixtures/history/temporary.ts';

const HEADER = headerOf('kept');

/** A closed database with one run. */
function databaseWithARun(): string {
  const path = temporaryPath();
  const history = openHistory(path);
  history.create(HEADER, DEFINITION, OWNER, [], AT);
  history.close();
  return path;
}

const modeOf = (path: string) => fs.statSync(path).mode & 0o777;

test('file, log and shared memory are private to their owner, whatever the umask', () => {
  const umask = process.umask(0);
  try {
    const { history, path } = openForTest();
    history.create(HEADER, DEFINITION, OWNER, [], AT);
    expect([path, `${path}-wal`, `${path}-shm`].map(modeOf)).toEqual([0o600, 0o600, 0o600]);
    expect(modeOf(dirname(path))).toBe(0o700);
  } finally {
    process.umask(umask);
  }
});

test('a database that other users can read is refused and keeps its mode', () => {
  const path = databaseWithARun();
  fs.chmodSync(path, 0o644);
  expect(errorOf(() => openHistory(path))).toMatchObject({
    code: 'E_DATABASE',
    message: expect.stringContaining('accessible to other users (mode 644)'),
    hint: expect.stringContaining(`chmod go= ${path}`),
  });
  expect(modeOf(path)).toBe(0o644);
});

const NOTES = 'these are my notes, not a database\n'.repeat(50);

/** Each creates a file that does not belong to wf; returns a path that leads to it, and the file. */
const FOREIGN: readonly (readonly [string, (folder: string) => { readonly path: string; readonly file: string }])[] = [
  ['a text', (folder) => ({ path: join(folder, 'notes.txt'), file: join(folder, 'notes.txt') })],
  [
    'a symbolic link to a text',
    (folder) => {
      fs.symlinkSync(join(folder, 'notes.txt'), join(folder, 'wf.db'));
      return { path: join(folder, 'wf.db'), file: join(folder, 'notes.txt') };
    },
  ],
  [
    'a hard link to a text',
    (folder) => {
      fs.linkSync(join(folder, 'notes.txt'), join(folder, 'wf.db'));
      return { path: join(folder, 'wf.db'), file: join(folder, 'notes.txt') };
    },
  ],
];

test.each(FOREIGN)('%s is refused as no database of wf; content and mode stay', (_what, make) => {
  const folder = temporaryFolder();
  fs.writeFileSync(join(folder, 'notes.txt'), NOTES, { mode: 0o644 });
  const { path, file } = make(folder);
  const entries = fs.readdirSync(folder);
  for (const open of [openHistory, openHistoryForReading]) {
    expect(errorOf(() => open(path))).toMatchObject({
      code: 'E_DATABASE',
      message: expect.stringContaining('is not a database of wf'),
    });
  }
  expect(fs.readFileSync(file, 'utf8')).toBe(NOTES);
  expect(modeOf(file)).toBe(0o644);
  expect(fs.readdirSync(folder)).toEqual(entries);
});

test('a database of another program keeps its log', () => {
  const path = join(temporaryFolder(), 'other.db');
  const other = new PinnedConnection(path);
  onTestFinished(() => {
    other.close();
  });
  other.pragma('journal_mode = WAL');
  other.exec('CREATE TABLE notes (text)');
  other.pragma('wal_checkpoint(TRUNCATE)');
  other.exec("INSERT INTO notes VALUES ('in the log')");
  const copy = join(temporaryFolder(), 'copy.db');
  for (const end of ['', '-wal']) fs.copyFileSync(`${path}${end}`, `${copy}${end}`);
  const before = fs.readFileSync(`${copy}-wal`);
  for (const open of [openHistory, openHistoryForReading]) {
    expect(errorOf(() => open(copy)).message).toContain('another program');
  }
  expect(fs.readdirSync(dirname(copy)).toSorted()).toEqual(['copy.db', 'copy.db-wal']);
  expect(fs.readFileSync(`${copy}-wal`).equals(before)).toBe(true);
});

test('a database with two names is refused, as each name would have its own log', () => {
  const path = databaseWithARun();
  fs.linkSync(path, `${path}.other`);
  expect(errorOf(() => openHistory(path))).toMatchObject({
    code: 'E_DATABASE',
    message: expect.stringContaining('2 names'),
  });
});

describe.each(['-wal', '-shm', '-journal', '-reserve'])('a link in place of %s', (end) => {
  test.each(['symbolic', 'hard'] as const)('is refused, and the target of the %s link stays as it is', (kind) => {
    for (const path of [databaseWithARun(), join(temporaryFolder(), 'new.db')]) {
      const precious = join(temporaryFolder(), 'precious');
      fs.writeFileSync(precious, NOTES, { mode: 0o644 });
      fs.rmSync(`${path}${end}`, { force: true });
      if (kind === 'symbolic') fs.symlinkSync(precious, `${path}${end}`);
      else fs.linkSync(precious, `${path}${end}`);
      const entries = fs.readdirSync(dirname(path));
      expect(errorOf(() => openHistory(path))).toMatchObject({
        code: 'E_DATABASE',
        message: expect.stringContaining(`${path}${end}`),
      });
      expect(fs.readdirSync(dirname(path))).toEqual(entries);
      expect(fs.readFileSync(precious, 'utf8')).toBe(NOTES);
      expect(modeOf(precious)).toBe(0o644);
    }
  });
});

test('a link without a target is reported, and nothing is created', () => {
  const folder = temporaryFolder();
  const link = join(folder, 'wf.db');
  fs.symlinkSync(join(folder, 'unmounted', 'wf.db'), link);
  expect(errorOf(() => openHistory(link))).toMatchObject({
    code: 'E_DATABASE',
    message: expect.stringContaining('a symbolic link without a target'),
  });
  expect(fs.readdirSync(folder)).toEqual(['wf.db']);
});

test('a second open in the same process keeps the locks of the first', () => {
  const { history, path } = openForTest();
  history.create(HEADER, DEFINITION, OWNER, [], AT);
  const inode = fs.statSync(path).ino;
  const locks = () => {
    const lines = fs.readFileSync('/proc/locks', 'utf8').split('\n');
    const own = lines.filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${inode} `));
    // Each line begins with its number. The kernel repeats lines while other processes lock and unlock.
    return new Set(own.map((line) => line.replace(/^\d+: /, '')));
  };
  const held = locks();
  expect(held, 'SQLite holds a lock as long as the database is open').not.toEqual(new Set());
  openHistoryForReading(path)?.close();
  openHistory(path).close();
  expect(locks()).toEqual(held);
});

test('each commit is synchronised to disk, and the file carries the application id', () => {
  const path = databaseWithARun();
  const db = connect(path, {});
  onTestFinished(() => {
    db.close();
  });
  const setting = (name: string) => db.pragma(name, { simple: true });
  expect(setting('journal_mode')).toBe('wal');
  // 2 is FULL (https://www.sqlite.org/pragma.html#pragma_synchronous).
  expect(setting('synchronous')).toBe(2);
  expect(setting('busy_timeout')).toBe(5000);
  expect(setting('foreign_keys')).toBe(1);
  expect(setting('trusted_schema')).toBe(0);
  expect(setting('user_version')).toBe(SCHEMA_VERSION);
  expect(Number(setting('application_id')).toString(16)).toBe('77666462');
});

test('the reserve of a removed database does not prevent a new one', () => {
  const path = databaseWithARun();
  fs.rmSync(path);
  expect(fs.existsSync(`${path}-reserve`)).toBe(true);
  const { history } = openForTest(path);
  expect(history.runs({ limit: 5 })).toEqual([]);
  expect(fs.statSync(`${path}-reserve`).mode & 0o777).toBe(0o600);
});

test('opening for reading creates no file and no folder', () => {
  const folder = temporaryFolder();
  expect(openHistoryForReading(join(folder, 'data', 'wf.db'))).toBeUndefined();
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('a reader sees all commits, with an open writer and without', () => {
  const { history, path } = openForTest();
  history.create(HEADER, DEFINITION, OWNER, [], AT);
  const reader = openHistoryForReading(path);
  expect(reader?.run(HEADER.id)).toEqual(history.run(HEADER.id));
  reader?.close();
  const later = openHistoryForReading(databaseWithARun());
  expect(later?.runs({ limit: 5 })).toHaveLength(1);
  expect(later?.definition(HEADER.definitionHash)).toEqual(DEFINITION);
  later?.close();
});

test('opening an empty file for reading finds no runs', () => {
  const path = join(temporaryFolder(), 'wf.db');
  fs.writeFileSync(path, '', { mode: 0o600 });
  const reader = openHistoryForReading(path);
  expect(reader?.runs({ limit: 5 })).toEqual([]);
  reader?.close();
});

test('a database of a newer wf is refused and left unchanged', () => {
  const path = databaseWithARun();
  const raw = openRaw(path);
  raw.pragma('user_version = 99');
  for (const open of [openHistory, openHistoryForReading]) {
    expect(errorOf(() => open(path))).toMatchObject({
      code: 'E_DATABASE_NEWER',
      hint: expect.stringContaining('--db'),
    });
  }
  expect(raw.pragma('user_version', { simple: true })).toBe(99);
});

test('an open database is refused for writing once a newer wf has changed its schema', () => {
  const { history, path } = openForTest();
  const lease = history.create(HEADER, DEFINITION, OWNER, [], AT);
  openRaw(path).pragma('user_version = 99');
  const append = () => history.append(lease, { events: [decidedToStart('a')] }, AT);
  expect(errorOf(append).code).toBe('E_DATABASE_NEWER');
  expect(history.journal(HEADER.id)).toEqual([]);
});

test.each([
  ['with an application id', 'PRAGMA application_id = 252006674; CREATE TABLE notes (text)'],
  ['without one', 'CREATE TABLE notes (text)'],
])("another program's database %s is refused, and left unchanged", (_which, sql) => {
  const path = join(temporaryFolder(), 'other.db');
  const other = new PinnedConnection(path);
  other.exec(sql);
  other.close();
  const before = fs.readFileSync(path);
  expect(errorOf(() => openHistory(path))).toMatchObject({
    code: 'E_DATABASE',
    message: expect.stringContaining('another program'),
  });
  expect(fs.readFileSync(path).equals(before)).toBe(true);
  expect(fs.readdirSync(dirname(path))).toEqual(['other.db']);
});

test.each<[string, (path: string) => void]>([
  ['no database at all', (path) => fs.writeFileSync(path, 'these are my notes, not a database\n'.repeat(50))],
  ['a few bytes', (path) => fs.writeFileSync(path, 'SQLite')],
  ['truncated in its header', (path) => fs.truncateSync(path, 60)],
  ['truncated after its first page', (path) => fs.truncateSync(path, 4096)],
  [
    'truncated to nothing beside its log',
    (path) => {
      fs.truncateSync(path, 0);
      fs.writeFileSync(`${path}-wal`, Buffer.alloc(5000, 1));
    },
  ],
  ['truncated to nothing', (path) => fs.truncateSync(path, 0)],
  [
    'with its content in a log that was lost',
    (path) => {
      const lost = `${path}.lost`;
      const db = new PinnedConnection(lost);
      db.pragma('journal_mode = WAL');
      fs.copyFileSync(lost, path);
      fs.chmodSync(path, 0o600);
      db.close();
      fs.rmSync(lost);
    },
  ],
  [
    'overwritten in the middle',
    (path) => {
      const bytes = fs.readFileSync(path);
      bytes.fill(0xff, 4096 * 2, 4096 * 12);
      fs.writeFileSync(path, bytes);
    },
  ],
  [
    'without one of its tables',
    (path) => {
      const db = new PinnedConnection(path);
      db.exec('DROP TABLE evidence');
      db.close();
    },
  ],
  [
    'without one of its indexes',
    (path) => {
      const db = new PinnedConnection(path);
      db.exec('DROP INDEX runs_with_owner');
      db.close();
    },
  ],
  [
    'without a column of one of its tables',
    (path) => {
      const db = new PinnedConnection(path);
      db.exec('ALTER TABLE runs DROP COLUMN output');
      db.close();
    },
  ],
])('a damaged file is refused, and left for rescue: %s', (_how, damage) => {
  const path = databaseWithARun();
  damage(path);
  const before = fs.readFileSync(path);
  const error = errorOf(() => {
    const history = openHistory(path);
    try {
      history.run(HEADER.id);
      history.runs({ limit: 1 });
    } finally {
      history.close();
    }
  });
  expect(error).toMatchObject({ code: 'E_DATABASE_DAMAGED', message: expect.stringContaining(path) });
  expect(fs.readFileSync(path).equals(before)).toBe(true);
});

test.each<[string, (path: string) => void]>([
  ['the file is deleted', (path) => fs.rmSync(path)],
  ['its log is deleted', (path) => fs.rmSync(`${path}-wal`)],
  ['its folder is moved', (path) => fs.renameSync(dirname(path), `${dirname(path)}.old`)],
  [
    'a copy takes its place',
    (path) => {
      fs.copyFileSync(path, `${path}.copy`);
      fs.renameSync(`${path}.copy`, path);
    },
  ],
])('an append to a deleted or replaced database is refused: %s', (_how, lose) => {
  const { history, path } = openForTest();
  const lease = history.create(HEADER, DEFINITION, OWNER, [], AT);
  lose(path);
  const error = errorOf(() => history.append(lease, { events: [decidedToStart('a')] }, AT));
  expect(error).toMatchObject({ code: 'E_DATABASE', message: expect.stringContaining('deleted or replaced') });
});

test('a symbolic link opens its target', () => {
  const path = databaseWithARun();
  const link = join(temporaryFolder(), 'wf.db');
  fs.symlinkSync(path, link);
  const { history } = openForTest(link);
  expect(history.run(HEADER.id)?.id).toBe(HEADER.id);
  expect(fs.readdirSync(dirname(link))).toEqual(['wf.db']);
});

test.each([
  ['a folder', (folder: string) => folder],
  [
    'below a file',
    (folder: string) => {
      fs.writeFileSync(join(folder, 'file'), '');
      return join(folder, 'file', 'wf.db');
    },
  ],
  ['a name that ends with white space', (folder: string) => join(folder, 'wf.db ')],
  [
    'a link to itself',
    (folder: string) => {
      fs.symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
      return join(folder, 'loop');
    },
  ],
])('a path that cannot be a database is refused: %s', (_what, pathIn) => {
  const error = errorOf(() => openHistory(pathIn(temporaryFolder())));
  expect(error).toMatchObject({ code: 'E_DATABASE', hint: expect.stringContaining('--db') });
});
