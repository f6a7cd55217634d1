import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import type { RunOptions } from '../../../../src/engine/model/journal-event.ts';
import type { Demand, Requester } from '../../../../src/engine/model/request.ts';
import type { Clock } from '../../../../src/engine/ports/clock.ts';
import type { Engine, RunHandle } from '../../../../src/engine/run/engine.ts';
import { defineStep, runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { systemClock } from '../../../../src/host/machine/clock.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../../../support/in-process/folder-host.ts';
import { stayingStep } from '../../../support/in-process/staying-step.ts';

/** Added to the time since the boot. */
let shiftMs = 0;
const clock: Clock = { ...systemClock, sinceBoot: () => systemClock.sinceBoot() + shiftMs };
const by: Requester = { user: 'ann', sudoUser: null, host: 'here' };
const bootId = ownProcess().bootId;
const RULE = {
  withinMs: 60_000,
  applyWithinMs: 600_000,
  newSession: false,
  probe: null,
  guard: false,
};

let host: FolderHost;
let probeAnswers = true;
/** Whether the second step never ends. */
let hangs = false;

beforeEach(() => {
  shiftMs = 0;
  probeAnswers = true;
  hangs = false;
  host = openFolderHost(clock);
});
afterEach(() => host.close());

const probe = defineStep({
  kind: 'test.probe',
  description: 'answers, or does not',
  input: z.object({}),
  output: z.null(),
  commands: () => [],
  rehearse: () => null,
  async read() {
    if (!probeAnswers) throw new Error('no answer');
    return null;
  },
});

function workflow(): LoadedWorkflow {
  const waits = defineStep({
    kind: 'test.waits',
    description: 'waits',
    input: z.object({}),
    output: z.null(),
    commands: () => [],
    rehearse: () => null,
    read: (_input, { signal }) =>
      new Promise((resolve, reject) => {
        if (!hangs) resolve(null);
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  });
  const machine = setup({ actors: { makeFile: host.makeFile, probe, waits } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'second' } },
      second: { invoke: { id: 'gate', src: 'waits', input: {}, onDone: 'third' } },
      third: { invoke: { id: 'b', src: 'makeFile', input: { name: 'b' }, onDone: 'probing' } },
      probing: { invoke: { id: 'ask', src: 'probe', input: {}, onDone: 'end' } },
      end: { type: 'final' },
    },
    output: { answer: 42 },
  });
  return loaded({ name: 'keeps', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

const runner = (kind: string) =>
  kind === 'test.file' ? runnerOf(host.makeFile) : kind === 'test.probe' ? runnerOf(probe) : undefined;

async function unconfirmed(rule: Partial<NonNullable<RunOptions['confirm']>> = {}): Promise<RunHandle> {
  const handle = await host.start(workflow(), {}, { confirm: { ...RULE, ...rule } });
  await expect.poll(() => host.history.run(handle.id)?.status).toBe('unconfirmed');
  return handle;
}

const confirmation = (extendMs: number | null = null): Demand => ({
  kind: 'confirm',
  extendMs,
  stamp: { bootId, sinceBootMs: clock.sinceBoot(), session: null },
});

function ask(handle: Pick<RunHandle, 'id'>, demand: Demand, engine: Engine = host.engine) {
  const advance = async () => {
    await (await engine.conclude({ run: handle.id, runner }, 'answered'))?.result;
  };
  return engine.deliver({ run: handle.id, by, demand, comment: null, advance });
}

const end = (handle: RunHandle) => handle.result.then((result) => (result.type === 'ended' ? result.end : result));

test('a run is unconfirmed after it is verified, and keeps its changes once it is confirmed', async () => {
  const handle = await unconfirmed();
  expect(host.files()).toEqual(['a', 'b']);
  expect(await ask(handle, confirmation())).toMatchObject({ outcome: { type: 'handled' } });
  expect(await end(handle)).toMatchObject({ status: 'succeeded', output: { answer: 42 } });
  expect(host.files()).toEqual(['a', 'b']);
  expect(host.history.changes(handle.id).map(({ status }) => status)).toEqual(['kept', 'kept']);
  expect(await ask(handle, confirmation())).toMatchObject({
    outcome: { type: 'refused', error: { code: 'E_REQUEST_REFUSED' } },
  });
});

test('a run that nobody confirms is undone at its deadline, also after the time of day was set', async () => {
  const handle = await unconfirmed();
  shiftMs = 61_000;
  expect(await end(handle)).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_NOT_CONFIRMED', message: expect.stringContaining('within 1 min') },
  });
  expect(host.files()).toEqual([]);
});

test('an extended deadline counts from the extension', async () => {
  const handle = await unconfirmed();
  shiftMs = 59_000;
  expect(await ask(handle, confirmation(30_000))).toMatchObject({ outcome: { type: 'handled' } });
  shiftMs = 75_000;
  expect(await ask(handle, { kind: 'pause' })).toMatchObject({ outcome: { type: 'refused' } });
  expect(host.history.run(handle.id)?.status).toBe('unconfirmed');
  shiftMs = 90_000;
  expect(await end(handle)).toMatchObject({ status: 'rolled-back' });
});

test('a confirmation counts if it was requested before the deadline and answered after it', async () => {
  const handle = await unconfirmed();
  const early = confirmation();
  shiftMs = 61_000;
  expect(await ask(handle, early)).toMatchObject({ outcome: { type: 'handled' } });
  expect(await end(handle)).toMatchObject({ status: 'succeeded' });
});

test('a confirmation from before the run was unconfirmed, or from another boot, does not count', async () => {
  const handle = await unconfirmed();
  const stamps = [
    { bootId, sinceBootMs: clock.sinceBoot() - 3_600_000, session: null },
    { bootId: 'another', sinceBootMs: clock.sinceBoot(), session: null },
  ];
  for (const stamp of stamps) {
    expect(await ask(handle, { kind: 'confirm', extendMs: null, stamp })).toMatchObject({
      outcome: { type: 'refused' },
    });
  }
  expect(host.history.run(handle.id)?.status).toBe('unconfirmed');
  handle.interrupt('SIGTERM');
  await end(handle);
});

test('a run is not confirmed while its probe fails', async () => {
  const handle = await unconfirmed({ probe: 'ask' });
  probeAnswers = false;
  expect(await ask(handle, confirmation())).toMatchObject({
    outcome: { type: 'refused', error: { message: expect.stringContaining('its probe ask fails: no answer') } },
  });
  probeAnswers = true;
  expect(await ask(handle, confirmation())).toMatchObject({ outcome: { type: 'handled' } });
  expect(await end(handle)).toMatchObject({ status: 'succeeded' });
});

test('a cancelled run is undone at once, and an unguarded run when it is stopped', async () => {
  const cancelled = await unconfirmed();
  // Refused by the sender, not stored.
  expect(await ask(cancelled, { kind: 'cancel', keep: true })).toMatchObject({
    number: null,
    outcome: {
      type: 'refused',
      error: { message: expect.stringContaining(`\`wf confirm ${cancelled.id}\` keeps it`) },
    },
  });
  expect(await ask(cancelled, { kind: 'cancel', keep: false })).toMatchObject({ outcome: { type: 'handled' } });
  expect(await end(cancelled)).toMatchObject({ status: 'rolled-back', error: { code: 'E_CANCELLED' } });
  expect(host.files()).toEqual([]);
  const stopped = await unconfirmed();
  stopped.interrupt('SIGINT');
  expect(await end(stopped)).toMatchObject({ status: 'rolled-back', error: { code: 'E_NOT_CONFIRMED' } });
  expect(host.files()).toEqual([]);
});

test('what a step runner keeps by design stays after the deadline', async () => {
  const staying = stayingStep(host.folder);
  const machine = setup({ actors: { makeFile: host.makeFile, staying } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'second' } },
      second: { invoke: { id: 'image', src: 'staying', input: { name: 'image' }, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  const stays = { name: 'stays', version: '1', description: '', input: z.object({}), machine, keepsChanges: true };
  const handle = await host.start(loaded(stays), {}, { confirm: RULE });
  await expect.poll(() => host.history.run(handle.id)?.status).toBe('unconfirmed');
  expect(host.files()).toEqual(['a', 'image']);
  shiftMs = 61_000;
  expect(await end(handle)).toMatchObject({ status: 'rolled-back', error: { code: 'E_NOT_CONFIRMED' } });
  expect(host.files()).toEqual(['image']);
  expect(host.history.changes(handle.id).map(({ status }) => status)).toEqual(['reverted', 'kept']);
});

test('a retry of a failed run that has to be confirmed begins with a new deadline for applying', async () => {
  const probing = setup({ actors: { makeFile: host.makeFile, probe } }).createMachine({
    initial: 'probing',
    states: {
      probing: { invoke: { id: 'ask', src: 'probe', input: {}, onDone: 'makes' } },
      makes: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  const definition = { name: 'asks', version: '1', description: '', input: z.object({}), keepsChanges: true };
  const asks = loaded({ ...definition, machine: probing });
  probeAnswers = false;
  const { id, result } = await host.start(asks, {}, { confirm: RULE });
  expect(await result).toMatchObject({ end: { status: 'failed' } });
  probeAnswers = true;
  shiftMs = RULE.applyWithinMs + 1_000;
  let retried: RunHandle | undefined;
  const resume = async () => {
    const described = describeDefinition(asks, asks.model);
    const request = { run: id, workflow: asks, definition: described, acceptChanges: false, pauseAfter: null };
    retried = await host.engine.resume(request);
    await expect.poll(() => host.history.run(id)?.status).toBe('unconfirmed');
  };
  const delivered = host.engine.deliver({ run: id, by, demand: { kind: 'retry' }, comment: null, advance: resume });
  expect(await delivered).toMatchObject({ outcome: { type: 'handled' } });
  expect(host.history.journal(id).filter(({ event }) => event.type === 'armed')).toHaveLength(2);
  expect(await ask({ id }, confirmation())).toMatchObject({ outcome: { type: 'handled' } });
  expect(await retried?.result).toMatchObject({ end: { status: 'succeeded' } });
  expect(host.files()).toEqual(['a']);
});

test('a run that is not applied in time is undone', async () => {
  hangs = true;
  const handle = await host.start(workflow(), {}, { confirm: RULE });
  await expect.poll(() => host.files()).toEqual(['a']);
  expect(await ask(handle, confirmation())).toMatchObject({
    outcome: { type: 'refused', error: { message: expect.stringContaining('it is not unconfirmed yet') } },
  });
  shiftMs = 600_000;
  expect(await end(handle)).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_NOT_CONFIRMED', message: expect.stringContaining('not applied by its deadline') },
  });
  expect(host.files()).toEqual([]);
});

test('another process ends an unconfirmed run whose process is gone: confirmed, extended, or undone', async () => {
  // Its guard would end it: this engine stops without undoing it.
  for (const how of ['confirmed', 'extended', 'undone'] as const) {
    const id = runId(`left-${how}-${process.pid}`);
    const starting = host.engineOf({ guards: withoutGuard() });
    const w = workflow();
    const handle = await starting.start({
      workflow: w,
      definition: describeDefinition(w, w.model),
      input: {},
      runtime: 'docker',
      options: { onFailure: 'rollback', pauseAfter: null, confirm: { ...RULE, guard: true } },
      id,
    });
    await expect.poll(() => host.history.run(id)?.status).toBe('unconfirmed');
    handle.interrupt('SIGTERM');
    expect(await end(handle)).toMatchObject({ type: 'interrupted' });
    expect(host.history.run(id)).toMatchObject({ status: 'unconfirmed', owner: null });
    if (how === 'undone') {
      shiftMs += 61_000;
      const concluded = await host.engine.conclude({ run: id, runner }, 'deadline');
      expect(await concluded?.result).toMatchObject({ type: 'ended', end: { status: 'rolled-back' } });
      expect(host.files()).toEqual([]);
      continue;
    }
    const resumed = host.engine.resume({
      run: id,
      workflow: w,
      definition: describeDefinition(w, w.model),
      acceptChanges: false,
      pauseAfter: null,
    });
    await expect(resumed).rejects.toMatchObject({ code: 'E_RUN_ENDED' });
    if (how === 'extended') {
      expect(await ask(handle, confirmation(30_000))).toMatchObject({ outcome: { type: 'handled' } });
      expect(host.history.run(id)).toMatchObject({ status: 'unconfirmed', owner: null });
    }
    expect(await ask(handle, confirmation())).toMatchObject({ outcome: { type: 'handled' } });
    expect(host.history.run(id)).toMatchObject({ status: 'succeeded', output: { answer: 42 } });
    await (await host.engine.rollBack({ run: id, runner, removeKept: false }))?.result;
  }
});

/** Guards that do nothing: the test is the guard. */
function withoutGuard() {
  const guardRunner = runnerOf(host.makeFile);
  if (guardRunner === undefined) throw new Error('no runner');
  return {
    runner: { ...guardRunner, kind: 'test.guard' },
    choose: () => ({ type: 'process', reason: 'a test' }) as const,
    startProcess: async () => ownProcess(),
    newestSession: () => null,
  };
}
