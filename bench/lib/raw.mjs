// One small SQLite commit (WAL, synchronous=FULL), by which every figure is divided. It is measured in the same process, right before
// and right after the workload.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { median } from './figures.mjs';

const COMMITS = 150;
const ROW = 'x'.repeat(120);

/** Uses better-sqlite3. It is not built for the Node of the peers, which has its own SQLite. */
async function openDatabase(file) {
  if (process.getBuiltinModule('node:sqlite') !== undefined) {
    return new (process.getBuiltinModule('node:sqlite').DatabaseSync)(file);
  }
  const { default: Database } = await import('better-sqlite3');
  return new Database(file);
}

export async function openRaw(folder) {
  const file = path.join(folder, 'raw.db');
  const db = await openDatabase(file);
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, data TEXT NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO rows (data) VALUES (?)');
  return {
    /** Returns the median milliseconds of one commit. */
    measure() {
      const times = Array.from({ length: COMMITS }, () => {
        const begun = performance.now();
        insert.run(ROW);
        return performance.now() - begun;
      });
      return median(times);
    },
    close() {
      db.close();
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    },
  };
}
