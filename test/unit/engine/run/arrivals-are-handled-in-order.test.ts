import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { decideStart } from '../../../../src/engine/machine/decide/decide.ts';
import { modelMachine } from '../../../../src/engine/machine/machine-model.ts';
import type { Demand } from '../../../../src/engine/model/request.ts';
import { type Arrival, Arrivals, inOrder } from '../../../../src/engine/run/loop/arrivals.ts';

/** Sets three timers at once, the slowest first. */
const machine = setup({ delays: { slow: 300, medium: 200, fast: 100 } }).createMachine({
  initial: 'waits',
  states: { waits: { after: { slow: 'done', medium: 'done', fast: 'done' } }, done: { type: 'final' } },
});
const { state } = decideStart(modelMachine('timers', machine), { id: 'waits', input: {} }, 0);
const [slow, medium, fast] = [...state.timers.keys()].map((timer): Arrival => ({ type: 'timer', timer }));
if (slow === undefined || medium === undefined || fast === undefined) throw new Error('the machine sets three timers');

const by = { user: 'ann', sudoUser: null, host: 'here' };
const request = (number: number, demand: Demand): Arrival => ({
  type: 'request',
  request: { number, by, demand, comment: null },
});
const resume: Arrival = { type: 'resume' };
const pause = request(7, { kind: 'pause' });
const cancel = request(8, { kind: 'cancel', keep: false });
const send = request(9, { kind: 'send', event: { type: 'approve' } });

test('timers that fired together are handled by their deadlines, in the places of timers', () => {
  expect(inOrder([slow, send, fast, medium], state)).toEqual([fast, send, medium, slow]);
  expect(inOrder([slow, send], state)).toEqual([slow, send]);
});

test('before the first decision there are no timers, and the order stays', () => {
  expect(inOrder([slow, fast], undefined)).toEqual([slow, fast]);
});

test('requests to stop are handled before everything else, in their order; a sent event keeps its place', () => {
  expect(inOrder([resume, send, pause, slow, cancel, fast], state)).toEqual([pause, cancel, resume, send, fast, slow]);
});

test('whoever waits is woken by an arrival, also by one from before the wait', async () => {
  const arrivals = new Arrivals(resume);
  expect(arrivals.take()).toEqual([resume]);
  expect(arrivals.isEmpty).toBe(true);
  const woken = arrivals.untilWoken();
  arrivals.add(pause);
  await woken;
  await arrivals.untilWoken();
  expect(arrivals.take()).toEqual([pause]);
  arrivals.wake();
  await arrivals.untilWoken();
  expect(arrivals.isEmpty).toBe(true);
});
