// Measures the memory of runs of wf that wait for an event or for a timer.
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setup } from 'xstate';
import { z } from 'zod';
import { defineWorkflow, openEngine } from '../../dist/index.js';

const [, , workload, folder, given] = process.argv;
const runs = Number(given.split('=')[1]);
const [gate, again] = workload.split('-');
/** The number of runs that are started or resumed at a time. */
const AT_ONCE = 500;

const workflow = defineWorkflow({
  name: gate,
  version: '1',
  description: 'waits',
  input: z.object({}),
  machine: setup({ types: { events: {} } }).createMachine({
    id: gate,
    initial: 'wait',
    states: {
      wait: { on: { go: 'end' }, ...(gate === 'timer' ? { after: { 3600000: 'end' } } : {}) },
      end: { type: 'final' },
    },
  }),
});

const engine = await openEngine({ database: path.join(folder, 'wf.db'), workflows: [workflow] });
const memory = () => {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 };
};
const isWaiting = () => engine.runs({ limit: runs }).every(({ status }) => status === 'waiting');

const before = memory();
const begun = performance.now();
const ids = again ? engine.runs({ limit: runs }).map(({ id }) => id) : Array.from({ length: runs });
for (let from = 0; from < runs; from += AT_ONCE) {
  const some = ids.slice(from, from + AT_ONCE);
  await Promise.all(some.map((id) => (again ? engine.resume(id) : engine.start(workflow, {}))));
}
while (!isWaiting()) await pause(20);
const ms = performance.now() - begun;
const after = memory();
process.stdout.write(`${JSON.stringify({ ms, heapMiB: after.heap - before.heap, rssMiB: after.rss })}\n`);
// The process ends like a killed one: the waiting runs are not closed.
process.exit(0);
