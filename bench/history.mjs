// How long it takes to look at runs in a large history, above the start of a bare node. The history is made of copies of real
// runs of ten steps each, written by SQL: 100,000 of them take a minute and 1.5 GB below the folder for temporary files.
//   node bench/history.mjs [--runs 100000] [--rounds 15] [--json FILE]
// First inside one process (W4), then as commands.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { createJiti } from 'jiti';
import { percentile, short } from './lib/figures.mjs';
import { timeOf } from './lib/measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wf = path.join(root, 'dist/wf.cjs');
const number = (option, usual) => {
  const at = process.argv.indexOf(option);
  return at === -1 ? usual : Number(process.argv[at + 1]);
};
const runs = number('--runs', 100_000);
const rounds = number('--rounds', 15);
const say = (line) => process.stdout.write(`${line}\n`);

/** Runs of one transaction while the history is made. */
const BATCH = 5_000;
const MINUTE = 60_000;

const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
const database = path.join(folder, 'wf.db');

const WORKFLOW = `
import { defineWorkflow, execRead } from 'wf-engine';
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

/** Real runs, one that succeeds and one that fails, to be copied. */
function makeSamples() {
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  writeFileSync(path.join(folder, 'workflows/chain.ts'), WORKFLOW);
  const env = { ...process.env, WF_DB: database };
  for (const [id, broken] of [
    ['good', 'false'],
    ['bad', 'true'],
  ]) {
    const args = [wf, 'start', 'chain', '--id', id, '--input', `broken=${broken}`];
    const { stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: 'utf8' });
    const shown = spawnSync(process.execPath, [wf, 'show', id, '--json'], { cwd: folder, env, encoding: 'utf8' });
    if (JSON.parse(shown.stdout).steps?.length !== 10) throw new Error(`the sample was not made: ${stderr}`);
  }
}

/** Copies: each a minute older than the one before; of a hundred, eight failed, two were rolled back, one was interrupted. */
function makeRuns() {
  const db = new Database(database);
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -200000');
  db.pragma('foreign_keys = OFF');
  const columns = (table) => db.pragma(`table_info(${table})`).map(({ name }) => name);
  const copied = (table, replaced) => {
    const names = columns(table).filter((name) => replaced[name] !== null);
    return { names: names.join(), values: names.map((name) => replaced[name] ?? `sample.${name}`).join() };
  };
  const first = Number(db.prepare('SELECT max(number) FROM runs').pluck().get()) + 1;
  const status = `CASE WHEN n.n % 100 < 8 THEN 'failed' WHEN n.n % 100 < 10 THEN 'rolled-back' WHEN n.n % 1000 = 99 THEN 'running'
    ELSE sample.status END`;
  const age = `(${runs} - n.n) * ${MINUTE}`;
  const run = copied('runs', {
    number: `${first} + n.n`,
    id: 'lower(hex(randomblob(8)))',
    workflow: "CASE n.n % 10 WHEN 0 THEN 'lab-network' ELSE sample.workflow END",
    status,
    created_at: `sample.created_at - ${age}`,
    started_at: `sample.started_at - ${age}`,
    finished_at: `CASE WHEN n.n % 1000 = 99 THEN NULL ELSE sample.finished_at - ${age} END`,
  });
  const series = 'WITH RECURSIVE n(n) AS (SELECT @from UNION ALL SELECT n + 1 FROM n WHERE n < @to)';
  // The runs that failed are copied from the one that did.
  const source = "JOIN runs AS sample ON sample.id = CASE WHEN n.n % 100 < 10 THEN 'bad' ELSE 'good' END";
  const statements = [
    db.prepare(`${series} INSERT INTO runs (${run.names}) SELECT ${run.values} FROM n ${source}`),
    ...['journal', 'steps', 'evidence', 'changes'].map((table) => {
      const row = copied(table, { run: `${first} + n.n`, number: null });
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

const empty = path.join(folder, 'empty.cjs');

/** A command and a bare node in turn, as the speed of a machine drifts. */
function timesOf(argv, rounds) {
  const env = { ...process.env, WF_DB: database };
  const timeOfNode = (...words) => timeOf([process.execPath, ...words], { cwd: folder, env });
  const pairs = Array.from({ length: rounds }, () => ({ bare: timeOfNode(empty), command: timeOfNode(...argv) }));
  const [bare, command] = ['bare', 'command'].map((which) => pairs.map((pair) => pair[which]));
  return {
    median: percentile(command, 0.5),
    above: percentile(command, 0.5) - percentile(bare, 0.5),
    leastAbove: Math.min(...command) - Math.min(...bare),
  };
}

/** What a program asks that has the history open: W4. */
async function askInside() {
  const load = (file) => createJiti(import.meta.url).import(path.join(root, 'src', file));
  const { openHistoryForReading } = await load('history/open.ts');
  const { createMetrics } = await load('metrics/create-metrics.ts');
  const { systemClock: clock } = await load('host/machine/clock.ts');
  const history = openHistoryForReading(database);
  const metrics = createMetrics({ history, clock, isAlive: () => false });
  const asked = {
    'the latest 20 runs': () => history.runs({ limit: 20 }),
    'the latest 20 that failed': () => history.runs({ limit: 20, status: 'failed' }),
    'one run': () => history.run(ids.middle),
    'the ten steps of one run': () => history.steps(ids.middle),
    'the journal of one run': () => history.journal(ids.middle),
    'the metrics': () => metrics.text(),
  };
  const figures = {};
  for (const [what, ask] of Object.entries(asked)) {
    const times = [];
    for (let n = 0; n < 2_000; n += 1) {
      const begun = performance.now();
      await ask();
      times.push(performance.now() - begun);
    }
    figures[what] = { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
    say(
      `${`inside the process: ${what}`.padEnd(52)}${short(figures[what].p50).padStart(8)} ms, p99 ${short(figures[what].p99)} ms`,
    );
  }
  metrics.close();
  history.close();
  const at = process.argv.indexOf('--json');
  if (at !== -1) writeFileSync(process.argv[at + 1], `${JSON.stringify({ runs, figures }, null, 2)}\n`);
}

makeSamples();
const begun = performance.now();
const { ids, counts } = makeRuns();
const seconds = ((performance.now() - begun) / 1000).toFixed(0);
say(
  `${Object.entries(counts)
    .map(([table, count]) => `${count.toLocaleString('en')} ${table}`)
    .join(', ')}: ` + `${(statSync(database).size / 1e9).toFixed(2)} GB, made in ${seconds} s`,
);
await askInside();
writeFileSync(empty, '');
for (const argv of [
  ['runs'],
  ['runs', '--status', 'failed', '--since', '7d'],
  ['runs', '--workflow', 'lab-network', '--status', 'rolled-back'],
  ['runs', '--status', 'interrupted'],
  ['runs', '--before', ids.middle],
  ['show', ids.middle],
  ['show', ids.newest.slice(0, 10)],
  ['show', '@latest'],
  ['logs', ids.middle],
]) {
  const { median, above, leastAbove } = timesOf([wf, ...argv], rounds);
  const told = `${above.toFixed(0)} ms above a bare node (least ${leastAbove.toFixed(0)})`;
  say(`wf ${argv.join(' ').padEnd(49)}${median.toFixed(0).padStart(6)} ms, ${told}`);
}
for (const argv of [
  ['runs', '--text', 'nowhere to be found'],
  ['runs', '--where', 'name=nothing', '--last', '7d'],
  ['prune', '--older-than', '30d'],
]) {
  const { median } = timesOf([wf, ...argv], 1);
  say(`wf ${argv.join(' ').padEnd(49)}${median.toFixed(0).padStart(6)} ms`);
}
const keepDays = Math.floor((runs * MINUTE) / 86_400_000 / 2);
const pruning = performance.now();
const told = execFileSync(process.execPath, [wf, 'prune', '--older-than', `${keepDays}d`, '--yes'], {
  cwd: folder,
  env: { ...process.env, WF_DB: database },
  encoding: 'utf8',
});
say(`wf prune --older-than ${keepDays}d: ${((performance.now() - pruning) / 1000).toFixed(0)} s\n${told.trim()}`);
