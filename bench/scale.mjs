// Measures how the time of lab-scale grows with the number of containers, on the embedded runtime. Every pair of them is probed:
// a hundred times as many probes may take at most a hundred times as long.
//   node bench/scale.mjs [--sizes 2x5,10x10,10x40]     networks x containers on each
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const WF = fileURLToPath(new URL('../dist/wf.cjs', import.meta.url));
const STAGES = ['setup', 'reachability', 'teardown', 'verification'];
const COLUMNS = ['containers', 'probes', 'total', 'processor', ...STAGES, 'other', 'ms/container', 'ms/probe'];

const at = process.argv.indexOf('--sizes');
const sizes = (at === -1 ? '2x5,10x10,10x40' : process.argv[at + 1])
  .split(',')
  .map((size) => size.split('x').map(Number));

/** Returns the processor time (ms) of all ended programs that this one has started. */
function processorTime() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

function carryOut(networks, hosts) {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-scale-'));
  try {
    const input = ['--input', `networks=${networks}`, '--input', `hosts=${hosts}`];
    const before = processorTime();
    const begun = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [WF, 'start', 'lab-scale', '--runtime', 'embedded', ...input, '--json'],
      { encoding: 'utf8', env: { ...process.env, WF_DB: path.join(folder, 'wf.db') }, maxBuffer: 2 ** 30 },
    );
    const total = performance.now() - begun;
    if (status !== 0) throw new Error(`wf ended with exit code ${status}: ${stderr.slice(-1_000)}`);
    return { total, processor: processorTime() - before, ...JSON.parse(stdout) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const seconds = (ms) => `${(ms / 1_000).toFixed(2)} s`;
const print = (cells) => process.stdout.write(`${cells.map((cell) => String(cell).padStart(12)).join(' ')}\n`);

print(COLUMNS);
for (const [networks, hosts] of sizes) {
  const { total, processor, stages } = carryOut(networks, hosts);
  const containers = networks * hosts;
  const probes = containers * (containers - 1);
  const spent = STAGES.map((name) => stages.find((stage) => stage.name === name).durationMs);
  const other = total - spent.reduce((sum, ms) => sum + ms, 0);
  const times = [total, processor, ...spent, other].map(seconds);
  print([containers, probes, ...times, (total / containers).toFixed(0), (total / probes).toFixed(2)]);
}
