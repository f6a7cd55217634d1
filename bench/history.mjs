// Measures how long reads of runs take in a large history, above the start of a bare node. The history consists of copies of real runs
// of ten steps each, written by SQL: 100,000 of them take a minute and 1.5 GB below the folder for temporary files.
//   node bench/history.mjs [--runs 100000] [--rounds 15] [--json FILE]
// First inside one process (W4), then as commands.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { percentile, short } from './lib/figures.mjs';
import { copySamples, makeSamples } from './lib/large-history.mjs';
import { timeOf } from './lib/measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const wf = path.join(root, 'dist/wf.cjs');
const number = (option, usual) => {
  const at = process.argv.indexOf(option);
  return at === -1 ? usual : Number(process.argv[at + 1]);
};
const runs = number('--runs', 100_000);
const rounds = number('--rounds', 15);
const print = (line) => process.stdout.write(`${line}\n`);

const MINUTE = 60_000;

const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
const database = path.join(folder, 'wf.db');

const empty = path.join(folder, 'empty.cjs');

/** Measures a command and a bare node in turn, because the speed of a machine drifts. */
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

/** W4: queries of a program that has the history open. */
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
    print(
      `${`inside the process: ${what}`.padEnd(52)}${short(figures[what].p50).padStart(8)} ms, p99 ${short(figures[what].p99)} ms`,
    );
  }
  metrics.close();
  history.close();
  const at = process.argv.indexOf('--json');
  if (at !== -1) writeFileSync(process.argv[at + 1], `${JSON.stringify({ runs, figures }, null, 2)}\n`);
}

makeSamples(folder, database);
const begun = performance.now();
const { ids, counts } = copySamples(database, runs);
const seconds = ((performance.now() - begun) / 1000).toFixed(0);
print(
  `${Object.entries(counts)
    .map(([table, count]) => `${count.toLocaleString('en')} ${table}`)
    .join(', ')}: ` + `${(statSync(database).size / 1e9).toFixed(2)} GB, written in ${seconds} s`,
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
  const figures = `${above.toFixed(0)} ms above a bare node (least ${leastAbove.toFixed(0)})`;
  print(`wf ${argv.join(' ').padEnd(49)}${median.toFixed(0).padStart(6)} ms, ${figures}`);
}
for (const argv of [
  ['runs', '--text', 'nowhere to be found'],
  ['runs', '--where', 'name=nothing', '--last', '7d'],
  ['prune', '--older-than', '30d'],
]) {
  const { median } = timesOf([wf, ...argv], 1);
  print(`wf ${argv.join(' ').padEnd(49)}${median.toFixed(0).padStart(6)} ms`);
}
const keepDays = Math.floor((runs * MINUTE) / 86_400_000 / 2);
const pruning = performance.now();
const output = execFileSync(process.execPath, [wf, 'prune', '--older-than', `${keepDays}d`, '--yes'], {
  cwd: folder,
  env: { ...process.env, WF_DB: database },
  encoding: 'utf8',
});
print(`wf prune --older-than ${keepDays}d: ${((performance.now() - pruning) / 1000).toFixed(0)} s\n${output.trim()}`);
