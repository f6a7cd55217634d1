// Measures the time from the commit of a request to the moment at which its run has acted on it, and to the answer in the sending process.
// One process advances the run, another one sends.
//   node bench/requests.mjs [--requests 500]
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setup } from 'xstate';
import { z } from 'zod';
import { defineWorkflow, openEngine } from '../dist/index.js';

const at = process.argv.indexOf('--requests');
const count = at === -1 ? 500 : Number(process.argv[at + 1]);

const workflow = defineWorkflow({
  name: 'ticks',
  version: '1',
  description: 'takes ticks',
  input: z.object({}),
  machine: setup({ delays: { never: 86_400_000 } }).createMachine({
    initial: 'open',
    states: { open: { on: { tick: 'open', stop: 'end' }, after: { never: 'end' } }, end: { type: 'final' } },
  }),
});

/** The process that advances the run. */
async function own(database) {
  const engine = await openEngine({ database, workflows: [workflow] });
  const run = await engine.start(workflow, {}, { id: 'ticks' });
  process.send('started');
  await run.result;
  await engine.close();
  process.disconnect();
}

async function send(database) {
  const owner = fork(process.argv[1], ['--own', database]);
  await new Promise((resolve) => owner.once('message', resolve));
  const engine = await openEngine({ database, workflows: [workflow] });
  const answered = [];
  for (let request = 0; request < count; request += 1) {
    const startedAt = performance.now();
    await engine.send('ticks', { type: 'tick' });
    answered.push(performance.now() - startedAt);
  }
  await engine.send('ticks', { type: 'stop' });
  const acted = [];
  const asked = new Map();
  for await (const { seq, at: moment, event } of engine.subscribe('ticks')) {
    if (event.type === 'requested') asked.set(seq, moment);
    if (event.type === 'answered') acted.push(moment - asked.get(event.request));
  }
  await engine.close();
  print('from durable to acted on', acted);
  print('from the call to the answer', answered);
}

function print(what, times) {
  const sorted = times.toSorted((one, other) => one - other);
  const percentile = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(0);
  process.stdout.write(`${what}, ms: p50 ${percentile(0.5)}, p99 ${percentile(0.99)}, of ${times.length}\n`);
}

const owned = process.argv.indexOf('--own');
if (owned !== -1) await own(process.argv[owned + 1]);
else {
  const folder = mkdtempSync(path.join(tmpdir(), 'wf-bench-'));
  try {
    await send(path.join(folder, 'wf.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
