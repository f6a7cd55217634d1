import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { Lease } from '../../../../src/engine/ports/history.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { keepAdvancing } from '../../../../src/library/workflow-engine/keep-advancing.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../../../support/in-process/folder-host.ts';
import { type SimulatedClock, simulatedClock } from '../../../support/in-process/simulated-clock.ts';

const HOUR = 3_600_000;

const machine = setup({
  types: { events: {} as { type: 'go' | 'note'; word: string }, context: {} as { word: string } },
}).createMachine({
  context: { word: 'nobody came' },
  initial: 'gate',
  states: {
    gate: {
      after: { [HOUR]: 'end' },
      on: {
        go: { target: 'second', actions: assign({ word: ({ event }) => event.word }) },
        note: { actions: assign({}) },
      },
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
    mayHibernate: true,
  });

const hibernation = () => ({ release: host.engine.releaseLease, watch: host.engine.watchRequests });

/** A run that is advanced through its hibernations, with a spy on its resumes. */
async function kept() {
  const first = await start();
  const { id } = first;
  const request = { run: id, workflow, definition, acceptChanges: false, pauseAfter: null, mayHibernate: true };
  const goOn = vi.fn((hibernating: Lease) => host.engine.resume({ ...request, hibernating }));
  return {
    id,
    goOn,
    ...keepAdvancing(first, { ...hibernation(), resume: goOn }, clock),
  };
}

const isStopped = (id: Awaited<ReturnType<typeof kept>>['id']) =>
  vi.waitFor(() => {
    expect(host.history.run(id)).toMatchObject({ status: 'waiting', owner: ownProcess() });
    expect(clock.pending).toBe(1);
  }, 10_000);

test('a run that only waits for a timer hibernates, and keeps its lease', async () => {
  const handle = await start();
  const result = await handle.result;
  expect(result).toMatchObject({ type: 'hibernating', until: clock.now() + HOUR });
  await expect(handle.send({ type: 'go', word: 'late' })).rejects.toMatchObject({ code: 'E_RUN_NOT_ADVANCED' });
  expect(host.history.run(handle.id)).toMatchObject({ status: 'waiting', owner: ownProcess() });
  expect(clock.pending).toBe(0);
});

test('a hibernating run of a living process cannot be resumed by another', async () => {
  const { id, interrupt, result } = await kept();
  await isStopped(id);
  const resume = host.engine.resume({ run: id, workflow, definition, acceptChanges: false, pauseAfter: null });
  await expect(resume).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
  interrupt('SIGTERM');
  await result;
});

test('a hibernating run resumes when its timer fires', async () => {
  const { id, goOn, result } = await kept();
  await isStopped(id);
  expect(goOn).not.toHaveBeenCalled();
  clock.step();
  await vi.waitFor(() => expect(goOn).toHaveBeenCalledTimes(1), 10_000);
  // The simulated clock needs a step to fire the due timer.
  await vi.waitFor(() => expect(clock.step()).toBe(true), 10_000);
  expect(await result).toMatchObject({ end: { status: 'succeeded', output: 'nobody came' } });
});

test('an event to a hibernating run is durable once it is handled, and the run hibernates again', async () => {
  const { id, goOn, result, send } = await kept();
  await isStopped(id);
  await send({ type: 'go', word: 'now' });
  expect(decidedOn(id)).toEqual(['go']);
  await isStopped(id);
  expect(goOn).toHaveBeenCalledTimes(1);
  clock.step();
  await vi.waitFor(() => expect(goOn).toHaveBeenCalledTimes(2), 10_000);
  await vi.waitFor(() => expect(clock.step()).toBe(true), 10_000);
  expect(await result).toMatchObject({ end: { status: 'succeeded', output: 'now' } });
  await expect(send({ type: 'go', word: 'after' })).rejects.toMatchObject({ code: 'E_RUN_ENDED' });
});

const decidedOn = (id: RunId) =>
  host.history.journal(id).flatMap(({ event }) => (event.type === 'decided' && event.event ? [event.event.type] : []));

test('an unexpected event is refused, and the run keeps hibernating', async () => {
  const { id, send, interrupt, result } = await kept();
  await isStopped(id);
  const refused = { code: 'E_EVENT_UNEXPECTED', details: { event: 'stop', expected: ['go', 'note'] } };
  await expect(send({ type: 'stop' })).rejects.toMatchObject(refused);
  expect(decidedOn(id)).toEqual([]);
  await isStopped(id);
  interrupt('SIGTERM');
  await result;
});

test('events sent while the run begins to hibernate are handled in order', async () => {
  const first = await start();
  const request = { run: first.id, workflow, definition, acceptChanges: false, pauseAfter: null, mayHibernate: true };
  const followed = keepAdvancing(
    first,
    { ...hibernation(), resume: (hibernating) => host.engine.resume({ ...request, hibernating }) },
    clock,
  );
  const sent: Promise<unknown>[] = [];
  void first.result.then(() => {
    sent.push(followed.send({ type: 'note', word: 'one' }));
    sent.push(followed.send({ type: 'note', word: 'two' }));
  });
  await vi.waitFor(() => expect(sent).toHaveLength(2), 10_000);
  await Promise.all(sent);
  const words = host.history
    .journal(first.id)
    .flatMap(({ event }) => (event.type === 'decided' && event.event ? [event.event['word']] : []));
  expect(words).toEqual(['one', 'two']);
  await isStopped(first.id);
  followed.interrupt('SIGTERM');
  await followed.result;
});

test('a hibernating run that is interrupted gives up its lease', async () => {
  const { id, goOn, result, interrupt, send } = await kept();
  await isStopped(id);
  interrupt('SIGTERM');
  expect(await result).toEqual({ type: 'waiting' });
  expect(goOn).not.toHaveBeenCalled();
  expect(clock.pending).toBe(0);
  expect(host.history.run(id)).toMatchObject({ status: 'waiting', owner: null });
  await expect(send({ type: 'go', word: 'late' })).rejects.toMatchObject({ code: 'E_RUN_NOT_ADVANCED' });
});

test('a hibernating run that fails to resume reports the error to the sender, and can be resumed later', async () => {
  const first = await start();
  const resume = () => Promise.reject(new WfError('E_DOCKER_UNREACHABLE', 'no engine', { hint: 'none' }));
  const followed = keepAdvancing(first, { ...hibernation(), resume }, clock);
  await isStopped(first.id);
  const failed = followed.result.catch((thrown) => thrown);
  await expect(followed.send({ type: 'go', word: 'now' })).rejects.toMatchObject({ code: 'E_DOCKER_UNREACHABLE' });
  expect(await failed).toMatchObject({ code: 'E_DOCKER_UNREACHABLE' });
  const again = await host.engine.resume({
    run: first.id,
    workflow,
    definition,
    acceptChanges: false,
    pauseAfter: null,
  });
  await again.send({ type: 'go', word: 'then' });
  again.interrupt('SIGTERM');
  expect(await again.result).toMatchObject({ type: 'interrupted' });
});

test('a hibernating run that was taken over ends with E_LEASE_HELD', async () => {
  const { id, result } = await kept();
  await isStopped(id);
  host.history.takeOver(id, ownProcess(), () => false);
  clock.step();
  await expect(result).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
});

test('the result of a hibernating run is garbage-collected', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const { held, followed } = hibernatingRun();
  await vi.waitFor(() => {
    collectGarbage();
    // A failed assertion would keep a reference to the object that it prints.
    expect(held.deref() === undefined).toBe(true);
  }, 10_000);
  expect(clock.pending).toBe(1);
  followed.interrupt('SIGTERM');
  expect(await followed.result).toEqual({ type: 'waiting' });
});

/** A separate function, so that the test keeps no reference to the run. */
function hibernatingRun() {
  const lease = { run: runId('hibernating'), fence: 1 };
  const run = { all: 'its parts' };
  const result = Promise.resolve({ type: 'hibernating', until: clock.now() + HOUR, lease, run } as const);
  const handle = { id: lease.run, result, send: async () => {}, interrupt: () => {} };
  const resume = () => Promise.reject(new Error('never due'));
  const followed = keepAdvancing(handle, { resume, release: () => {}, watch: () => () => {} }, clock);
  return { held: new WeakRef(run), followed };
}
