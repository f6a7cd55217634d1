// Measures lab-overlay with wf against the same exercise as a shell script with the docker client, in turn, on two running engines.
//   node bench/overlay.mjs [--rounds 5]
// Needs root and dockerd: it starts its own engines, in network namespaces without an uplink. Then it measures a run that starts engines.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { median } from './lib/figures.mjs';
import { timeOf } from './lib/measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const jiti = createJiti(import.meta.url);
const { openOwnEngine } = await jiti.import('../test/support/engines/own-engine.ts');
const { removeEngine } = await jiti.import('../test/support/engines/engine.ts');
const { HTTP_ECHO_IMAGE, PROBE_IMAGE } = await jiti.import('../test/support/engines/images.ts');

const at = process.argv.indexOf('--rounds');
const rounds = at === -1 ? 5 : Number(process.argv[at + 1]);
const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
const engines = [await openOwnEngine(), await openOwnEngine()];
const sockets = engines.map(({ engine }) => engine.dockerHost.slice('unix://'.length));
const namespaces = engines.map(({ engine }) => `/run/netns/${engine.namespace}`);
const env = { ...process.env, WF_DB: path.join(folder, 'wf.db'), DOCKER_HOST: `unix://${sockets[0]}` };

const wf = (...args) => [process.execPath, path.join(root, 'dist/wf.cjs'), ...args];
const startLab = (hosts) =>
  wf('start', 'lab-overlay', '--input', `hosts=${hosts}`, '--input', `image=${HTTP_ECHO_IMAGE}`);
const contestants = {
  'shell script': [
    path.join(root, 'bench/overlay.sh'),
    ...[HTTP_ECHO_IMAGE, PROBE_IMAGE],
    ...sockets.flatMap((socket, index) => [socket, namespaces[index]]),
  ],
  wf: startLab(sockets.map((socket, index) => `unix://${socket}@${namespaces[index]}`).join(',')),
  'wf, engines of the run': startLab('private'),
};
const timings = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
const print = (line) => process.stdout.write(`${line}\n`);

const json = ([program, ...args]) => JSON.parse(execFileSync(program, [...args, '--json'], { cwd: folder, env }));

let last;
try {
  for (const argv of Object.values(contestants)) timeOf(argv, { cwd: folder, env }); // warms the page cache and is not counted
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv] of Object.entries(contestants)) timings[name].push(timeOf(argv, { cwd: folder, env }));
  }
  // The newest run had its own engines.
  last = json(wf('show', json(wf('runs'))[1].id));
} finally {
  await Promise.all(engines.map(({ engine }) => removeEngine(engine)));
  rmSync(folder, { recursive: true, force: true });
}

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
print(`${rounds} rounds in turn; median (range), wall time:`);
for (const [name, values] of Object.entries(timings)) {
  print(
    `  ${name.padEnd(24)} ${seconds(median(values))} (${seconds(Math.min(...values))} to ${seconds(Math.max(...values))})`,
  );
}
print(`wf takes ${(median(timings.wf) / median(timings['shell script'])).toFixed(2)} of the script's time`);
print(`the last run of wf on these engines, ${seconds(last.durationMs)}:`);
for (const { name, durationMs } of last.stages) print(`  ${name.padEnd(24)} ${seconds(durationMs)}`);
print('its slowest steps:');
for (const { id, durationMs } of [...last.steps].sort((a, b) => b.durationMs - a.durationMs).slice(0, 12))
  print(`  ${id.padEnd(24)} ${seconds(durationMs)}`);
