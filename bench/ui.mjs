// Measures how long the server of `wf ui` takes to answer with a large history, and its memory. The history has copies of runs as in
// history.mjs (only the rows of the list) and runs that wait for an event with one change in place each. Then ten pages follow a live run.
//   node bench/ui.mjs [--runs 1000000] [--waiting 10000] [--rounds 30]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { percentile, short } from './lib/figures.mjs';
import { copyRun, copySamples, makeSample, makeSamples } from './lib/large-history.mjs';

const wf = fileURLToPath(new URL('../dist/wf.cjs', import.meta.url));
const { values: given } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    waiting: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '30' },
  },
});
const [runs, waiting, rounds] = [given.runs, given.waiting, given.rounds].map(Number);
const TABS = 10;
const print = (line) => process.stdout.write(`${line}\n`);

const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));
const database = path.join(folder, 'wf.db');

const ASKING = `
import { defineWorkflow } from 'wf-engine';
import { execCommand } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';
export default defineWorkflow({
  name: 'asking', version: '1', description: 'changes something, and asks', input: z.object({}),
  machine: setup({ actors: { run: execCommand } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'first', src: 'run', input: { argv: ['true'], undo: ['true'] }, onDone: 'question' } },
      question: { meta: { ask: { title: 'Continue?', text: 'It is changed.', events: { yes: { label: 'Yes' } } } }, on: { yes: 'done' } },
      done: { type: 'final' },
    },
  }),
});
`;

makeSamples(folder, database);
makeSample(folder, database, 'asking', ASKING, ['--id', 'asks', '--detach']);
const command = (...args) =>
  spawnSync(process.execPath, [wf, ...args], { cwd: folder, env: { ...process.env, WF_DB: database } });
command('wait', 'asks');
process.on('exit', () => command('cancel', 'asks'));
copySamples(database, runs, []);
const { ids } = copyRun(database, 'asks', waiting);
const size = (statSync(database).size / 1e9).toFixed(2);
print(`${short(runs)} runs, ${short(waiting)} of them waiting besides: ${size} GB`);

const env = { ...process.env, WF_DB: database, HOME: folder };
const server = spawn(process.execPath, [wf, 'ui', '--port', '0'], {
  cwd: folder,
  env,
  stdio: ['ignore', 'pipe', 'ignore'],
});
process.on('exit', () => server.kill());
const [link] = (await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next()).value.split('\n');
const { origin, hash } = new URL(link);
const signedIn = await fetch(`${origin}/session`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', origin },
  body: JSON.stringify({ token: hash.slice('#token='.length) }),
});
const [cookie] = signedIn.headers.get('set-cookie').split(';');

/** Returns the processor time of the server in milliseconds, in steps of ten. */
function processorTime() {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Returns the memory of the server in MiB: its proportional share, and its private part. */
function memory() {
  const rollup = readFileSync(`/proc/${server.pid}/smaps_rollup`, 'utf8');
  const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1]);
  return `${short(kib('Pss') / 1024)} MiB (private ${short((kib('Private_Clean') + kib('Private_Dirty')) / 1024)})`;
}

print(`memory of the server before the first page: ${memory()}`);
for (const [address, accept] of [
  ['/', 'text/html'],
  ['/', 'application/json'],
  [`/?before=${ids.middle}`, 'text/html'],
  [`/?after=${ids.middle}`, 'text/html'],
  ['/?status=failed&last=7d', 'text/html'],
  ['/?workflow=lab-network&status=rolled-back', 'text/html'],
  ['/?status=interrupted', 'text/html'],
  ['/?text=nowhere+to+be+found', 'text/html'],
  ['/api/runs', 'application/json'],
  ['/api/runs?status=succeeded', 'application/json'],
  ['/changes', 'text/html'],
]) {
  const times = [];
  let bytes = 0;
  const processor = processorTime();
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    const answer = await fetch(origin + address, { headers: { cookie, accept } });
    bytes = (await answer.text()).length;
    if (answer.status !== 200) throw new Error(`${address}: ${answer.status}`);
    times.push(performance.now() - begun);
  }
  const [first] = times;
  print(
    `${`${address} ${accept}`.padEnd(64)}${short(percentile(times, 0.5)).padStart(8)} ms, p99 ${short(percentile(times, 0.99))} ms, first ${short(first)} ms, processor ${short((processorTime() - processor) / rounds)} ms, ${short(bytes / 1024)} KiB; ${memory()}`,
  );
}
print(`memory of the server: ${memory()}`);
const stops = Array.from({ length: TABS }, () => new AbortController());
await Promise.all(stops.map(({ signal }) => fetch(`${origin}/api/events?runs=1`, { headers: { cookie }, signal })));
const before = processorTime();
await new Promise((resolve) => setTimeout(resolve, 10_000));
const share = (processorTime() - before) / 100;
print(`${TABS} open lists, nothing happens: ${memory()}, ${short(share)} % of a processor`);
for (const stop of stops) stop.abort();

const run = ['start', 'lab-network', '--runtime', 'embedded', '--id', 'followed', '--json'];
const lab = spawn(process.execPath, [wf, ...run], { cwd: folder, env, stdio: 'ignore' });
const ended = new Promise((resolve) => lab.on('close', resolve));
// A page can be opened once the run is in the database.
while ((await fetch(`${origin}/api/runs/followed`, { headers: { cookie } })).status !== 200);
const delays = [];
const pages = Array.from({ length: TABS }, () => new AbortController());
const shown = pages.map(async ({ signal }) => {
  const answer = await fetch(`${origin}/api/events?run=followed`, { headers: { cookie }, signal });
  const seen = new Set();
  let rest = '';
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + part).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks.filter((text) => text.includes('event: run\n'))) {
      const { steps } = JSON.parse(/^data: (.*)$/m.exec(block)[1]);
      for (const { id, status, startedAt, durationMs } of steps) {
        if (status !== 'succeeded' || seen.has(id)) continue;
        seen.add(id);
        delays.push(Date.now() - (Date.parse(startedAt) + durationMs));
      }
    }
  }
});
let most = 0;
const pss = () => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
const watch = setInterval(() => (most = Math.max(most, pss())), 20);
await ended;
await new Promise((resolve) => setTimeout(resolve, 1_000));
clearInterval(watch);
for (const page of pages) page.abort();
await Promise.allSettled(shown);
print(
  `${TABS} open pages of a run: ${delays.length} steps shown, ${short(percentile(delays, 0.5))} ms after their end, p99 ${short(percentile(delays, 0.99))} ms; at most ${short(most)} MiB`,
);
process.exit(0);
