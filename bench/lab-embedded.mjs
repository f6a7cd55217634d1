// The whole lab on the embedded runtime: cold process start to exit, beside the start of node alone, and where the time goes.
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

const contestants = {
  'node -e 0': ['-e', '0'],
  'wf --version': [program, '--version'],
  'wf start lab-network --runtime embedded': [program, 'start', 'lab-network', '--runtime', 'embedded'],
};
const timings = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));

function time(name) {
  const begun = performance.now();
  execFileSync(process.execPath, contestants[name], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  return performance.now() - begun;
}

const print = (line) => process.stdout.write(`${line}\n`);

/** The run as wf itself tells it, stage by stage. */
function lastRun() {
  const { stdout, status } = spawnSync(process.execPath, [program, 'show', '@latest', '--json'], { cwd: folder, env });
  if (status !== 0) throw new Error('wf does not show the run');
  return JSON.parse(stdout.toString());
}

let run;
try {
  for (const name of Object.keys(contestants)) time(name); // warms the page cache, and is not counted
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(contestants)) timings[name].push(time(name));
  }
  run = lastRun();
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
print(`of the last run, as wf tells it, ${run.durationMs} ms:`);
for (const { name, durationMs } of run.stages) print(`  ${name.padEnd(42)} ${String(durationMs).padStart(5)} ms`);
