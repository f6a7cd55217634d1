// Makes a large history: copies of real runs of ten steps each, written by SQL.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PinnedConnection } from './pinned-connection.mjs';

const wf = fileURLToPath(new URL('../../dist/wf.cjs', import.meta.url));

/** The number of runs in one transaction. */
const BATCH = 5_000;
const MINUTE = 60_000;

const ALL_TABLES = ['journal', 'steps', 'evidence', 'changes'];

const WORKFLOW = `
import { defineWorkflow } from 'wf-engine';
import { execRead } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
const steps = Array.from({ length: 10 }, (_, n) => 's' + n);
const states = (last) => Object.fromEntries(steps.map((id, n) => [
  id, { invoke: { id, src: 'execRead', input: ({ context }) => ({ argv: [n === 9 && context.broken ? 'false' : 'true'] }),
    onDone: steps[n + 1] ?? 'end' } },
]));
const input = z.object({ broken: z.boolean().default(false), name: z.string().default('devops') });
export default defineWorkflow({
  name: 'chain', version: '1', description: 'a chain of commands', input,
  machine: setup({ types: { input: {}, context: {} }, actors: { execRead } }).createMachine({
    context: ({ input }) => input, initial: 's0', states: { ...states(), end: { type: 'final' } },
  }),
});
`;

/** Creates a project with a database of two real runs, `good` and `bad`, as samples. */
export function makeSamples(folder, database) {
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  makeSample(folder, database, 'chain', WORKFLOW, ['--id', 'good']);
  makeSample(folder, database, 'chain', WORKFLOW, ['--id', 'bad', '--input', 'broken=true']);
}

/** Starts one run of a workflow, and waits for the end of the command. */
export function makeSample(folder, database, name, workflow, options) {
  writeFileSync(path.join(folder, `workflows/${name}.ts`), workflow);
  const env = { ...process.env, WF_DB: database };
  const args = [wf, 'start', name, '--json', ...options];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
  if (JSON.parse(stdout).id === undefined) throw new Error(`the sample run has no record: ${stderr}`);
}

/**
 * Copies the samples. Copies are a minute apart. Of a hundred, eight have failed and two are rolled back; of a thousand, one is
 * interrupted. @param tables the tables that are copied beside the runs
 */
export function copySamples(database, runs, tables = ALL_TABLES) {
  const status = `CASE WHEN n.n % 100 < 8 THEN 'failed' WHEN n.n % 100 < 10 THEN 'rolled-back' WHEN n.n % 1000 = 99 THEN 'running'
    ELSE sample.status END`;
  const age = `(${runs} - n.n) * ${MINUTE}`;
  return copyRuns(database, runs, tables, {
    // The failed and the rolled-back copies come from the sample that failed.
    sample: "CASE WHEN n.n % 100 < 10 THEN 'bad' ELSE 'good' END",
    replaced: {
      workflow: "CASE n.n % 10 WHEN 0 THEN 'lab-network' ELSE sample.workflow END",
      status,
      created_at: `sample.created_at - ${age}`,
      started_at: `sample.started_at - ${age}`,
      finished_at: `CASE WHEN n.n % 1000 = 99 THEN NULL ELSE sample.finished_at - ${age} END`,
    },
  });
}

/** Copies one run with all its rows. Copies are a second apart. */
export function copyRun(database, id, runs) {
  const age = `(${runs} - n.n) * 1000`;
  const created_at = `sample.created_at - ${age}`;
  return copyRuns(database, runs, ALL_TABLES, { sample: `'${id}'`, replaced: { created_at } });
}

/** Returns the ids of the newest copy and of one in the middle, and the rows of each table. */
function copyRuns(database, runs, tables, { sample, replaced: others }) {
  const db = new PinnedConnection(database);
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -200000');
  db.pragma('foreign_keys = OFF');
  const columns = (table) => db.pragma(`table_info(${table})`).map(({ name }) => name);
  const copied = (table, replaced) => {
    const names = columns(table).filter((name) => replaced[name] !== null);
    return { names: names.join(), values: names.map((name) => replaced[name] ?? `sample.${name}`).join() };
  };
  const first = Number(db.prepare('SELECT max(number) FROM runs').pluck().get()) + 1;
  const run = copied('runs', { number: `${first} + n.n`, id: 'lower(hex(randomblob(8)))', ...others });
  const series = 'WITH RECURSIVE n(n) AS (SELECT @from UNION ALL SELECT n + 1 FROM n WHERE n < @to)';
  const source = `JOIN runs AS sample ON sample.id = ${sample}`;
  const statements = [
    db.prepare(`${series} INSERT INTO runs (${run.names}) SELECT ${run.values} FROM n ${source}`),
    ...tables.map((table) => {
      const row = copied(table, {
        run: `${first} + n.n`,
        ...(table === 'steps' || table === 'journal' ? { number: null } : {}),
      });
      return db.prepare(
        `${series} INSERT INTO ${table} (${row.names}) SELECT ${row.values} FROM n
         ${source.replace('AS sample ON sample.id', 'AS r ON r.id')} JOIN ${table} AS sample ON sample.run = r.number`,
      );
    }),
  ];
  const batch = db.transaction((from, to) => {
    for (const statement of statements) statement.run({ from, to });
  });
  for (let from = 0; from < runs; from += BATCH) batch(from, Math.min(runs, from + BATCH) - 1);
  db.pragma('wal_checkpoint(TRUNCATE)');
  const some = db.prepare('SELECT id FROM runs WHERE number = ?').pluck();
  const ids = { newest: some.get(first + runs - 1), middle: some.get(first + Math.floor(runs / 2)) };
  const counts = Object.fromEntries(
    ['runs', 'steps', 'journal', 'evidence'].map((table) => [
      table,
      Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()),
    ]),
  );
  db.close();
  return { ids, counts };
}
