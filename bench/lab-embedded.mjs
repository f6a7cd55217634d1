// The whole labs on the embedded runtime: cold process start to exit, beside the start of node alone, and where the time goes.
//   node bench/lab-embedded.mjs [--rounds 7]
// Needs neither Docker nor root.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = path.join(root, 'dist/wf.cjs');
const at = process.argv.indexOf('--rounds');
const rounds = at === -1 ? 7 : Number(process.argv[at + 1]);
const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
const env = { ...process.env, WF_DB: path.join(folder, 'wf.db') };

const labs = ['lab-network', 'lab-overlay'];
const contestants = {
  'node -e 0': ['-e', '0'],
  'wf --version': [program, '--version'],
  ...Object.fromEntries(
    labs.map((lab) => [`wf start ${lab} --runtime embedded`, [program, 'start', lab, '--runtime', 'embedded']]),
  ),
};
const timings = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));

function time(name) {
  const begun = performance.now();
  execFileSync(process.execPath, contestants[name], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  return performance.now() - begun;
}

const print = (line) => process.stdout.write(`${line}\n`);

function json(...args) {
  const { stdout, status } = spawnSync(process.execPath, [program, ...args, '--json'], { cwd: folder, env });
  if (status !== 0) throw new Error(`wf ${args.join(' ')} has failed`);
  return JSON.parse(stdout.toString());
}

/** Returns the record of the last run of a lab. */
function lastRun(lab) {
  const [{ id }] = json('runs', '--workflow', lab);
  return json('show', id);
}

let runs;
try {
  for (const name of Object.keys(contestants)) time(name); // warms the page cache and is not counted
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(contestants)) timings[name].push(time(name));
  }
  runs = labs.map(lastRun);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
print(`${rounds} rounds in turn; median (range), wall time:`);
for (const [name, values] of Object.entries(timings)) {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  print(
    `  ${name.padEnd(42)} ${median.toFixed(0).padStart(5)} ms (${sorted[0].toFixed(0)} to ${sorted.at(-1).toFixed(0)})`,
  );
}
for (const { workflow, durationMs, stages } of runs) {
  print(`the last run of ${workflow}, as wf reports it, ${durationMs} ms:`);
  for (const { name, durationMs } of stages) print(`  ${name.padEnd(42)} ${String(durationMs).padStart(5)} ms`);
}
