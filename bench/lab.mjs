// The whole lab with wf against the same exercise as a shell script with the docker client, in turn, on one engine.
//   npm run bench [-- --rounds 5]
// Needs root and dockerd: it starts its own engine, in a network namespace without an uplink.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const IMAGE = 'wf-test/http-echo';
const PROBE = 'wf-test/probe';

if (process.env['WF_TEST_DOCKER'] !== '1') {
  const script = ['test/support/engines/with-engine.mjs', '--', process.execPath, fileURLToPath(import.meta.url)];
  const { status } = spawnSync(process.execPath, [...script, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CI: 'true' },
  });
  process.exit(status ?? 1);
}

const at = process.argv.indexOf('--rounds');
const rounds = at === -1 ? 5 : Number(process.argv[at + 1]);
const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
const env = { ...process.env, WF_DB: path.join(folder, 'wf.db') };

const contestants = {
  'shell script': [path.join(root, 'bench/lab.sh'), IMAGE, PROBE],
  wf: [
    process.execPath,
    path.join(root, 'dist/wf.cjs'),
    'start',
    'lab-network',
    '--input',
    `image=${IMAGE}`,
    '--input',
    `probeImage=${PROBE}`,
  ],
};
const timings = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));

function time(name) {
  const [file, ...args] = contestants[name];
  const begun = performance.now();
  execFileSync(file, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  return performance.now() - begun;
}

try {
  for (const name of Object.keys(contestants)) time(name); // a first round of each warms the page cache and is not counted
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(contestants)) timings[name].push(time(name));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const sorted = (name) => [...timings[name]].sort((a, b) => a - b);
const median = (name) => sorted(name)[Math.floor(rounds / 2)];
for (const name of Object.keys(contestants)) {
  const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
  const all = sorted(name);
  process.stdout.write(
    `${name.padEnd(14)} median ${seconds(median(name))}  (${seconds(all[0])} to ${seconds(all.at(-1))}, ${rounds} rounds)\n`,
  );
}
process.stdout.write(`wf takes ${(median('wf') / median('shell script')).toFixed(2)} of the script's time\n`);
