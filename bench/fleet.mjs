// Fleets of hosts through a server of Restate: the time of a fleet run above its slowest part, CPU and memory of each piece, the cost of
// idle agents, and the recovery after a kill. Up to 10 hosts have agents and parts of their own; the others are played by one process, and
// their parts do nothing.
//   node bench/fleet.mjs [--real 3,10] [--stub 100,1000] [--rounds 3] [--seconds 60]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { range, short, shortRange } from './lib/figures.mjs';
import { newFolder } from './lib/measure.mjs';
import { cpuOf, memoryOf } from './lib/process.mjs';
import { freePort, startRestate } from './lib/restate.mjs';

const { values: given } = parseArgs({
  options: {
    real: { type: 'string', default: '3,10' },
    stub: { type: 'string', default: '100,1000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
  },
});
const numbers = (text) => text.split(',').filter(Boolean).map(Number);
const [rounds, seconds] = [Number(given.rounds), Number(given.seconds)];
const WF = fileURLToPath(new URL('../dist/wf.cjs', import.meta.url));
const AGENTS = fileURLToPath(new URL('contestants/fleet-agents.mjs', import.meta.url));
const say = (line) => process.stdout.write(`${line}\n`);

const WORKFLOW = `import { defineWorkflow, execCommand } from 'wf-engine';
import { setup } from 'xstate';
import { z } from 'zod';
const input = { argv: ['touch', 'made'], check: ['test', '-e', 'made'], undo: ['rm', 'made'] };
export default defineWorkflow({
  name: 'file', version: '1', description: 'Makes a file', keepsChanges: true, input: z.object({}),
  machine: setup({ actors: { make: execCommand.with({ alters: [] }) } }).createMachine({
    initial: 'make',
    states: { make: { invoke: { id: 'make', src: 'make', input: () => input, onDone: 'done' } }, done: { type: 'final' } },
  }),
});
`;

const children = new Set();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

/** Starts a program, and calls `onLine` with each line that it prints. */
function start(argv, cwd, onLine) {
  // Handlers report each call that a kill has cut off.
  const child = spawn(process.execPath, argv, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  createInterface(child.stdout).on('line', onLine);
  return child;
}

/** Starts a program, and waits for a line. */
function started(argv, cwd, words, onLine = () => {}) {
  return new Promise((resolve, reject) => {
    const child = start(argv, cwd, (line) => {
      if (line.includes(words)) resolve(child);
      onLine(line);
    });
    child.once('exit', (code) => reject(new Error(`${argv.join(' ')} has ended with ${code}`)));
  });
}

async function killed(child) {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A folder of a project. */
function newProject() {
  const folder = newFolder();
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  writeFileSync(path.join(folder, 'workflows/file.ts'), WORKFLOW);
  return folder;
}

const folder = newProject();
const restate = await startRestate(folder);
process.on('exit', () => process.kill(restate.pid, 'SIGKILL'));
// Restate calls the handlers at the address that it has registered, also after a kill.
const port = String(await freePort());
const serve = () => started([WF, 'fleet', 'serve', '--port', port, '--admin', restate.admin], folder, 'serving');
let handlers = await serve();

/** Calls `wf fleet`, and returns its document. */
async function fleet(...args) {
  const argv = [WF, 'fleet', ...args, '--fleet', restate.url, '--json'];
  const child = spawn(process.execPath, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const [text] = await Promise.all([child.stdout.toArray(), once(child, 'exit')]);
  return JSON.parse(Buffer.concat(text).toString());
}

/** Does `work`, and returns the milliseconds of CPU of each piece. */
async function cpuDuring(pieces, work) {
  const cpu = () => pieces.map((pids) => pids.reduce((sum, pid) => sum + cpuOf(pid), 0));
  const before = cpu();
  const result = await work();
  return { result, cpu: cpu().map((after, piece) => after - before[piece]) };
}
const memory = (pieces) => pieces.map((pids) => pids.reduce((sum, pid) => sum + memoryOf(pid), 0));
const piecesWith = (agents) => [[restate.pid], [handlers.pid], agents.map(({ pid }) => pid)];

let runs = 0;
async function startFleet(hosts, ...more) {
  runs += 1;
  const record = await fleet('start', 'file', '--hosts', hosts.join(','), '--id', `run${runs}`, ...more);
  if (record.status !== 'succeeded') throw new Error(JSON.stringify(record.error ?? record));
  return record;
}

/** Milliseconds of a fleet run without those of its slowest part. */
function aboveSlowest({ durationMs, hosts }) {
  const parts = hosts.map(({ startedAt, finishedAt }) => Date.parse(finishedAt) - Date.parse(startedAt));
  return durationMs - Math.max(...parts);
}

async function measureFleet(kind, hosts, agents) {
  const pieces = piecesWith(agents);
  await startFleet(hosts);
  const times = [];
  const cpus = [];
  for (let round = 0; round < rounds; round += 1) {
    const { result, cpu } = await cpuDuring(pieces, () => startFleet(hosts));
    times.push(aboveSlowest(result) / 1000);
    cpus.push(cpu);
  }
  const cpu = cpus[0].map((_, piece) => short(range(cpus.map((of) => of[piece] / 1000)).median));
  const mib = memory(pieces).map((of) => short(Math.round(of)));
  say(`| ${hosts.length} (${kind}) | ${shortRange(range(times))} | ${cpu.join('; ')} | ${mib.join('; ')} |`);
}

const realHosts = [];
for (let index = 0; index < Math.max(0, ...numbers(given.real)); index += 1) {
  const name = `real${index}`;
  const argv = [WF, 'agent', '--fleet', restate.url, '--name', name, '--json', '--db', 'wf.db'];
  realHosts.push({ name, agent: await started(argv, newProject(), '"did":"joined"') });
}

const load = loadavg()[0].toFixed(1);
say(`load ${load}; Restate; handlers; agents\n`);
say('| hosts | s above the slowest part | CPU, s | memory (PSS), MiB |');
say('|---|---|---|---|');
for (const count of numbers(given.real)) {
  const some = realHosts.slice(0, count);
  await measureFleet(
    'parts of wf',
    some.map(({ name }) => name),
    some.map(({ agent }) => agent),
  );
}
for (const { agent } of realHosts) await killed(agent);

/** When each part was started, in the order of the starts. */
let starts = [];
const note = (line) => {
  const { at } = JSON.parse(line);
  if (at !== undefined) starts.push(at);
};
const most = Math.max(...numbers(given.stub));
const agents = await started([AGENTS, restate.url, String(most)], folder, '"joined"', note);
const stubs = Array.from({ length: most }, (_, index) => `stub${index}`);
for (const count of numbers(given.stub)) await measureFleet('no-op parts', stubs.slice(0, count), [agents]);

const idle = await cpuDuring(piecesWith([agents]), () => pause(seconds * 1_000));
const perMinute = idle.cpu.map((ms) => short((ms / 1000) * (60 / seconds)));
say(`\n${most} idle agents, CPU a minute, s: ${perMinute.join('; ')}`);

/** Kills a piece in the middle of a fleet run of ten waves. Returns the longest time without the start of a part. */
async function recovery(kill) {
  starts = [];
  const hosts = stubs.slice(0, 100);
  const run = startFleet(hosts, '--at-once', '10');
  while (starts.length < 50) await pause(5);
  const killedAt = Date.now();
  await kill();
  await run;
  if (starts.length !== hosts.length) throw new Error(`${starts.length} parts of ${hosts.length} were started`);
  return Math.min(...starts.filter((at) => at > killedAt + 5)) - killedAt;
}
const kills = {
  Restate: async () => {
    await restate.kill();
    await restate.start();
  },
  'the handlers': async () => {
    await killed(handlers);
    handlers = await serve();
  },
};
for (const [name, kill] of Object.entries(kills)) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) times.push((await recovery(kill)) / 1000);
  say(`${name} killed and started again at once: ${shortRange(range(times))} s to the next start of a part`);
}
process.exit(0);
