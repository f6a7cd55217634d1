import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../src/definition/describe.ts';
import { ownProcess } from '../../src/host/process.ts';
import { keepAdvancing } from '../../src/library/keep-advancing.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../support/folder-host.ts';
import { type SimulatedClock, simulatedClock } from '../support/simulated-clock.ts';

const HOUR = 3_600_000;

const machine = setup({
  types: { events: {} as { type: 'go'; word: string }, context: {} as { word: string } },
}).createMachine({
  context: { word: 'nobody came' },
  initial: 'gate',
  states: {
    gate: {
      after: { [HOUR]: 'end' },
      on: { go: { target: 'second', actions: assign({ word: ({ event }) => event.word }) } },
    },
    second: { after: { [2 * HOUR]: 'end' } },
    end: { type: 'final' },
  },
  output: ({ context }) => context.word,
});
const workflow = loaded({ name: 'waits', version: '1', description: '', input: z.object({}), machine });
const definition = describeDefinition(workflow, workflow.model);

let clock: SimulatedClock;
let host: FolderHost;
beforeEach(() => {
  clock = simulatedClock();
  host = openFolderHost(clock);
});
afterEach(() => host.close());

const start = () =>
  host.engine.start({
    workflow,
    definition,
    input: {},
    runtime: 'docker',
    options: { onFailure: 'rollback', pauseAfter: null },
    mayRest: true,
  });

/** A run that is followed through its rests, and how often it was read from its journal again. */
async function kept() {
  const first = await start();
  const { id } = first;
  const request = { run: id, workflow, definition, acceptChanges: false, pauseAfter: null, mayRest: true };
  const goOn = vi.fn(() => host.engine.resume(request));
  return { id, goOn, ...keepAdvancing(first, goOn, clock) };
}

const isLetGo = (id: Awaited<ReturnType<typeof kept>>['id']) =>
  vi.waitFor(() => {
    expect(host.history.run(id)).toMatchObject({ status: 'waiting', owner: null });
    expect(clock.pending).toBe(1);
  });

test('a run that only waits for a timer is let go of, with its lease, and nothing of it is left but when it is due', async () => {
  const handle = await start();
  const result = await handle.result;
  expect(result).toMatchObject({ type: 'resting', until: clock.now() + HOUR });
  // What is sent to a run that was let go of is not lost.
  handle.send({ type: 'go', word: 'late' });
  expect(result.type === 'resting' && result.missed()).toEqual([{ type: 'go', word: 'late' }]);
  expect(host.history.run(handle.id)).toMatchObject({ status: 'waiting', owner: null });
  expect(clock.pending).toBe(0);
});

test('it goes on when its timer goes off', async () => {
  const { id, goOn, result } = await kept();
  await isLetGo(id);
  expect(goOn).not.toHaveBeenCalled();
  clock.step();
  await vi.waitFor(() => expect(goOn).toHaveBeenCalledTimes(1));
  // What is due by then goes off at once; a real clock does so by itself.
  await vi.waitFor(() => expect(clock.step()).toBe(true));
  expect(await result).toMatchObject({ end: { status: 'succeeded', output: 'nobody came' } });
});

test('an event that comes while it rests is given to it, and it rests again', async () => {
  const { id, goOn, result, send } = await kept();
  await isLetGo(id);
  send({ type: 'go', word: 'now' });
  await vi.waitFor(() => expect(host.history.run(id)).toMatchObject({ owner: null }));
  await vi.waitFor(() =>
    expect(host.history.journal(id).some(({ event }) => event.type === 'decided' && event.event?.type === 'go')).toBe(
      true,
    ),
  );
  await isLetGo(id);
  expect(goOn).toHaveBeenCalledTimes(1);
  clock.step();
  await vi.waitFor(() => expect(goOn).toHaveBeenCalledTimes(2));
  await vi.waitFor(() => expect(clock.step()).toBe(true));
  expect(await result).toMatchObject({ end: { status: 'succeeded', output: 'now' } });
});

test('interrupted while it rests, it is left as it is: waiting', async () => {
  const { id, goOn, result, interrupt } = await kept();
  await isLetGo(id);
  interrupt('SIGTERM');
  expect(await result).toEqual({ type: 'waiting' });
  expect(goOn).not.toHaveBeenCalled();
  expect(clock.pending).toBe(0);
});

test('what another process has taken over meanwhile is told, and nothing is done', async () => {
  const { id, result } = await kept();
  await isLetGo(id);
  host.history.takeOver(id, ownProcess(), () => false);
  clock.step();
  await expect(result).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
});

test('of a run that rests nothing is held: what its result holds on to is collected', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const { held, followed } = restingRun();
  await vi.waitFor(() => {
    collectGarbage();
    // An assertion that fails would hold on to what it shows.
    expect(held.deref() === undefined).toBe(true);
  });
  expect(clock.pending).toBe(1);
  followed.interrupt('SIGTERM');
  expect(await followed.result).toEqual({ type: 'waiting' });
});

/** In a function of its own, so that the test itself holds on to nothing of the run. */
function restingRun() {
  const run = { all: 'that it is made of' };
  const missed = () => (run.all === '' ? [{ type: 'never' }] : []);
  const result = Promise.resolve({ type: 'resting', until: clock.now() + HOUR, missed } as const);
  const followed = keepAdvancing({ id: runId('resting'), result, interrupt: () => {} }, undefined, clock);
  return { held: new WeakRef(run), followed };
}
