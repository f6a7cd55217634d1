// The floor: the speed of the disk and better-sqlite3 alone. A run is a row, a step is a row, and all writes of one turn of the event
// loop share a commit. There is no machine, ledger, lease or observation: the difference to an engine is the cost of the engine.
import path from 'node:path';
import Database from 'better-sqlite3';
import { contestant } from '../lib/contestant.mjs';

function groupCommits(db) {
  let group = [];
  const commit = db.transaction((asked) => {
    for (const { work } of asked) work();
  });
  return (work) =>
    new Promise((resolve, reject) => {
      if (group.length === 0) {
        setImmediate(() => {
          const asked = group;
          group = [];
          try {
            commit.immediate(asked);
            for (const { resolve: done } of asked) done();
          } catch (thrown) {
            for (const { reject: fail } of asked) fail(thrown);
          }
        });
      }
      group.push({ work, resolve, reject });
    });
}

/** Kept until the process ends, as src/sqlite/pinned-connection.ts explains. The floor uses no code of wf, so not that class. */
const PINNED = [];

await contestant({
  async open(folder, steps, work) {
    const db = new Database(path.join(folder, 'floor.db'));
    db.exec(`PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY, ended INTEGER) STRICT;
      CREATE TABLE IF NOT EXISTS steps (run INTEGER NOT NULL, step INTEGER NOT NULL, output TEXT NOT NULL,
        PRIMARY KEY (run, step)) STRICT, WITHOUT ROWID`);
    const insertRun = db.prepare('INSERT INTO runs DEFAULT VALUES');
    const endRun = db.prepare('UPDATE runs SET ended = 1 WHERE number = ?');
    const insertStep = db.prepare('INSERT INTO steps (run, step, output) VALUES (?, ?, ?)');
    const left = db.prepare(
      'SELECT number, (SELECT count(*) FROM steps WHERE run = number) AS done FROM runs WHERE ended IS NULL',
    );
    PINNED.push(db, insertRun, endRun, insertStep, left);
    const commitGrouped = groupCommits(db);

    async function runSteps(run, from) {
      for (let step = from; step < steps; step += 1) {
        await work(step, run);
        const output = JSON.stringify({ n: step });
        await commitGrouped(() => insertStep.run(run, step, output));
      }
      await commitGrouped(() => endRun.run(run));
    }
    async function start() {
      let run;
      await commitGrouped(() => {
        run = Number(insertRun.run().lastInsertRowid);
      });
      await runSteps(run, 0);
    }
    return {
      run: (count) => Promise.all(Array.from({ length: count }, start)),
      resume: () => Promise.all(left.all().map(({ number, done }) => runSteps(number, done))),
      async close() {
        db.close();
      },
    };
  },
});
