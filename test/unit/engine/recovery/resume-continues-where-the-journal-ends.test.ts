import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { RunOptions } from '../../../../src/engine/model/journal-event.ts';
import type { RunHandle, RunObserver } from '../../../../src/engine/run/engine.ts';
import { secret } from '../../../../src/engine/secrets/mark-secret.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { type SimulatedClock, simulatedClock } from '../../../support/in-process/simulated-clock.ts';

let host: FolderHost;
let clock: SimulatedClock;
/** The calls of the steps in order, as `name attempt`. */
let calls: string[];
/** Ends the waiting step of each name. */
let gates: Map<string, (value: 'succeed' | 'fail') => void>;
beforeEach(() => {
  clock = simulatedClock();
  calls = [];
  gates = new Map();
  // Every owner counts as dead.
  host = openFolderHost(clock, () => false);
});
afterEach(() => host.close());

const step = defineStep({
  kind: 'test.gate',
  description: 'ends as the test decides',
  input: z.object({ name: z.string() }),
  output: z.object({ name: z.string() }),
  timeoutMs: 60_000_000,
  retry: { attempts: 3, initialMs: 1_000, factor: 1, maxMs: 1_000 },
  commands: () => [],
  rehearse: ({ name }) => ({ name }),
  async read({ name }, { attempt }) {
    calls.push(`${name} ${attempt}`);
    const end = await new Promise((resolve) => gates.set(name, resolve));
    if (end === 'fail') throw new WfError('E_DOCKER', `${name} failed`, { hint: 'none', transient: true });
    return { name };
  },
});

const states = {
  first: { invoke: { id: 'one', src: 'step', input: { name: 'one' }, onDone: 'second' } },
  second: { invoke: { id: 'two', src: 'step', input: { name: 'two' }, onDone: 'third' } },
  third: { invoke: { id: 'three', src: 'step', input: { name: 'three' }, onDone: 'end' } },
  end: { type: 'final' },
} as const;

function threeSteps(version = '1', other: object = {}): LoadedWorkflow {
  const machine = setup({ actors: { step } }).createMachine({ initial: 'first', states: { ...states, ...other } });
  return loaded({ name: 'three', version, description: '', input: z.object({}), machine });
}

/** A workflow that leaves its first step after 5 s. */
function leavingFirstLate(name: string): LoadedWorkflow {
  const machine = setup({ actors: { step } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'one', src: 'step', input: { name: 'one' } }, after: { 5000: 'late' } },
      late: { invoke: { id: 'two', src: 'step', input: { name: 'two' }, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  return loaded({ name, version: '1', description: '', input: z.object({}), machine });
}

async function begin(workflow: LoadedWorkflow, options: Partial<RunOptions> = {}, observer: RunObserver = {}) {
  const handle = await host.start(workflow, {}, options, observer);
  // Nothing awaits the result of an abandoned process.
  handle.result.catch(() => {});
  return handle;
}

async function resume(
  run: RunId,
  workflow: LoadedWorkflow,
  extra: { acceptChanges?: boolean; pauseAfter?: string } = {},
) {
  const definition = describeDefinition(workflow, workflow.model);
  const { acceptChanges = false, pauseAfter = null } = extra;
  return host.engine.resume({ run, workflow, definition, acceptChanges, pauseAfter });
}

/** Waits until a condition holds, for some turns of the event loop. */
async function until(condition: () => boolean) {
  const deadline = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`it does not come about: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Waits long enough for an unwanted call to happen. */
async function turns(count = 50) {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Ends the step of this name once it has begun. */
async function interruptRun(name: string, end: 'succeed' | 'fail' = 'succeed') {
  await until(() => gates.has(name));
  const gate = gates.get(name);
  gates.delete(name);
  gate?.(end);
  await turns();
}

/** Abandons a run, as if its process had died: later writes find the lease lost, and its claims are free. */
async function left(handle: RunHandle, underWay = true) {
  await until(() => gates.size > 0 || !underWay);
  host.history.release({ run: handle.id, fence: host.history.run(handle.id)?.fence ?? 0 });
  handle.interrupt('SIGKILL');
  for (const gate of gates.values()) gate('succeed');
  await handle.result.catch(() => {});
  gates.clear();
  await turns();
}

describe('a resumed run', () => {
  test('repeats the interrupted step as another attempt, and no completed step', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow);
    await interruptRun('one');
    await left(handle);
    const resumed = await resume(handle.id, workflow);
    await until(() => calls.at(-1) === 'two 2');
    expect(calls).toEqual(['one 1', 'two 1', 'two 2']);
    await interruptRun('two');
    await interruptRun('three');
    expect(await resumed.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(calls).toEqual(['one 1', 'two 1', 'two 2', 'three 1']);
  });

  test('counts only failures against its attempts, not interruptions', async () => {
    const workflow = threeSteps();
    let handle = await begin(workflow);
    for (let life = 0; life < 4; life += 1) {
      await left(handle);
      handle = await resume(handle.id, workflow);
      handle.result.catch(() => {});
      await turns();
    }
    // Three failures are too many, two are not.
    await interruptRun('one', 'fail');
    clock.step();
    await turns();
    await interruptRun('one', 'fail');
    clock.step();
    await turns();
    await interruptRun('one', 'succeed');
    expect(host.history.steps(handle.id)[0]).toMatchObject({ id: 'one', status: 'succeeded', attempts: 7 });
    await interruptRun('two');
    await interruptRun('three');
    expect(await handle.result).toMatchObject({ end: { status: 'succeeded' } });
  });

  test('keeps the retry time of a failed step', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow);
    await interruptRun('one', 'fail');
    const retrying = host.history.journal(handle.id).find(({ event }) => event.type === 'step.retrying')?.event;
    const retryAt = retrying?.type === 'step.retrying' ? retrying.retryAt : 0;
    expect(retryAt).toBeGreaterThan(clock.now());
    await left(handle, false);
    clock.set(retryAt - 1);
    const resumed = await resume(handle.id, workflow);
    await until(() => calls.at(-1) === 'one 1');
    expect(calls).toEqual(['one 1']);
    clock.step();
    await turns();
    expect(clock.now()).toBe(retryAt);
    expect(calls).toEqual(['one 1', 'one 2']);
    resumed.interrupt('SIGINT');
    await interruptRun('one');
    await resumed.result;
  });

  test('keeps the deadline of a timer, and fires an expired timer at once', async () => {
    const workflow = leavingFirstLate('timed');
    const startedAt = clock.now();
    const handle = await begin(workflow);
    await left(handle);
    clock.set(startedAt + 4_000);
    const again = await resume(handle.id, workflow);
    again.result.catch(() => {});
    await until(() => calls.at(-1) === 'one 2');
    expect(calls).toEqual(['one 1', 'one 2']);
    expect(host.history.run(handle.id)?.status).toBe('running');
    await left(again);
    clock.set(startedAt + 9_000);
    const third = await resume(handle.id, workflow);
    await turns();
    clock.step();
    expect(clock.now()).toBe(startedAt + 9_000);
    await interruptRun('one');
    await turns();
    await interruptRun('two');
    expect(await third.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(host.history.steps(handle.id).find(({ id }) => id === 'one')).toMatchObject({ status: 'stopped' });
  });

  test('pauses after the stage that the last process was given, not after that of its start', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow, { pauseAfter: 'first' });
    await interruptRun('one');
    expect(await handle.result).toEqual({ type: 'paused', stage: 'first' });
    await left(await resume(handle.id, workflow, { pauseAfter: 'second' }));
    const resumed = await resume(handle.id, workflow);
    await interruptRun('two');
    expect(await resumed.result).toEqual({ type: 'paused', stage: 'second' });
  });

  test('is refused without the values of its secret inputs, and then untouched', async () => {
    const machine = setup({ actors: { step } }).createMachine({ initial: 'first', states });
    const workflow = loaded({
      name: 'three',
      version: '1',
      description: '',
      input: z.object({ token: secret(z.string()) }),
      machine,
    });
    const handle = await host.start(workflow, { token: 'a secret of the test' }, { pauseAfter: 'first' });
    await interruptRun('one');
    expect(await handle.result).toEqual({ type: 'paused', stage: 'first' });
    const journal = host.history.journal(handle.id);
    await expect(resume(handle.id, workflow)).rejects.toMatchObject({
      code: 'E_INPUT',
      message: expect.stringContaining('cannot continue without its secret input token'),
      hint: expect.stringContaining(`wf rollback ${handle.id}`),
    });
    expect(host.history.journal(handle.id)).toEqual(journal);
    expect(calls).toEqual(['one 1']);
  });

  test('begins the step after a pause as its first attempt', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow, { pauseAfter: 'first' });
    await interruptRun('one');
    expect(await handle.result).toEqual({ type: 'paused', stage: 'first' });
    expect(host.history.run(handle.id)).toMatchObject({ status: 'paused', owner: null });
    expect(calls).toEqual(['one 1']);
    const resumed = await resume(handle.id, workflow, { pauseAfter: 'second' });
    await until(() => calls.at(-1) === 'two 1');
    expect(calls).toEqual(['one 1', 'two 1']);
    await interruptRun('two');
    expect(await resumed.result).toEqual({ type: 'paused', stage: 'second' });
    const last = await resume(handle.id, workflow);
    await turns();
    await interruptRun('three');
    expect(await last.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(host.history.steps(handle.id).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  test('pauses after the requested stage although it was interrupted before', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow, { pauseAfter: 'second' });
    await left(handle);
    const resumed = await resume(handle.id, workflow);
    await turns();
    await interruptRun('one');
    await interruptRun('two');
    expect(await resumed.result).toEqual({ type: 'paused', stage: 'second' });
  });

  test('has no owner after an interruption, and begins the next step as its first attempt', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow);
    await turns();
    handle.interrupt('SIGINT');
    await interruptRun('one');
    expect(await handle.result).toEqual({ type: 'interrupted', signal: 'SIGINT' });
    expect(host.history.run(handle.id)).toMatchObject({ status: 'running', owner: null });
    const resumed = await resume(handle.id, workflow);
    await until(() => calls.at(-1) === 'two 1');
    expect(calls).toEqual(['one 1', 'two 1']);
    await interruptRun('two');
    await interruptRun('three');
    await resumed.result;
  });

  test('is refused if it has ended', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow);
    for (const name of ['one', 'two', 'three']) await interruptRun(name);
    await handle.result;
    await expect(resume(handle.id, workflow)).rejects.toMatchObject({ code: 'E_RUN_ENDED', exitCode: 2 });
  });

  test('is refused unchanged under another definition until that is accepted', async () => {
    const handle = await begin(threeSteps());
    await interruptRun('one');
    await left(handle);
    const entries = host.history.journal(handle.id).length;
    const changed = threeSteps('2', {
      third: { invoke: { id: 'other', src: 'step', input: { name: 'other' }, onDone: 'end' } },
    });
    await expect(resume(handle.id, changed)).rejects.toMatchObject({ code: 'E_DEFINITION_CHANGED', exitCode: 4 });
    expect(host.history.journal(handle.id)).toHaveLength(entries);

    const accepted = await resume(handle.id, changed, { acceptChanges: true });
    accepted.result.catch(() => {});
    await turns();
    await interruptRun('two');
    expect(calls).toEqual(['one 1', 'two 1', 'two 2', 'other 1']);
    const { hash } = describeDefinition(changed, changed.model);
    expect(host.history.run(handle.id)?.definitionHash).toBe(hash);
    expect(host.history.definition(hash)).toBeDefined();
    // The run keeps the accepted definition; earlier decisions are not compared with it.
    await left(accepted);
    const again = await resume(handle.id, changed);
    await turns();
    await interruptRun('other');
    expect(await again.result).toMatchObject({ end: { status: 'succeeded' } });
    await expect(resume(handle.id, threeSteps())).rejects.toMatchObject({ code: 'E_RUN_ENDED' });
  });

  test('is refused under an accepted definition if its replay diverges', async () => {
    const handle = await begin(threeSteps());
    await interruptRun('one');
    await left(handle);
    const elsewhere = threeSteps('2', { second: { on: { go: 'third' } } });
    await expect(resume(handle.id, elsewhere, { acceptChanges: true })).rejects.toMatchObject({
      code: 'E_JOURNAL_DIVERGED',
      // Nothing was touched, and a rollback is possible.
      exitCode: 4,
      hint: expect.stringContaining(`wf rollback ${handle.id}`),
    });
    const resumed = await resume(handle.id, threeSteps());
    await until(() => calls.at(-1) === 'two 2');
    resumed.interrupt('SIGINT');
    await interruptRun('two');
    await resumed.result;
  });

  test('does not repeat a step that the machine has left', async () => {
    const workflow = leavingFirstLate('left');
    const handle = await begin(workflow);
    await until(() => calls.at(-1) === 'one 1');
    clock.step();
    // The step ignores the stop: its end is not journaled when the process is gone.
    await until(() => calls.at(-1) === 'two 1');
    await left(handle);
    const resumed = await resume(handle.id, workflow);
    await until(() => calls.at(-1) === 'two 2');
    await interruptRun('two');
    expect(await resumed.result).toMatchObject({ end: { status: 'succeeded' } });
    expect(calls).toEqual(['one 1', 'two 1', 'two 2']);
    expect(host.history.steps(handle.id).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'one stopped',
      'two succeeded',
    ]);
  });

  test('keeps the number of failures of a step', async () => {
    const workflow = threeSteps();
    const handle = await begin(workflow);
    for (const attempt of ['one 1', 'one 2']) {
      await until(() => calls.at(-1) === attempt);
      await interruptRun('one', 'fail');
      clock.step();
    }
    await until(() => calls.at(-1) === 'one 3');
    await left(handle);
    const resumed = await resume(handle.id, workflow);
    await until(() => calls.at(-1) === 'one 4');
    await interruptRun('one', 'fail');
    // Three failures, and one attempt without an outcome.
    expect(await resumed.result).toMatchObject({ end: { status: 'failed', error: { code: 'E_DOCKER' } } });
    expect(calls).toHaveLength(4);
  });

  test('ends with the error from before its interruption', async () => {
    const machine = setup({ actors: { step } }).createMachine({
      initial: 'first',
      states: {
        first: { invoke: { id: 'one', src: 'step', input: { name: 'one' }, onError: 'clean' } },
        clean: { invoke: { id: 'two', src: 'step', input: { name: 'two' }, onDone: 'bad' } },
        bad: { type: 'final', tags: 'failed' },
      },
    });
    const workflow = loaded({ name: 'grief', version: '1', description: '', input: z.object({}), machine });
    const handle = await begin(workflow);
    for (const attempt of ['one 1', 'one 2', 'one 3']) {
      await until(() => calls.at(-1) === attempt);
      await interruptRun('one', 'fail');
      if (attempt !== 'one 3') clock.step();
    }
    await until(() => calls.at(-1) === 'two 1');
    await left(handle);
    const resumed = await resume(handle.id, workflow);
    await until(() => calls.at(-1) === 'two 2');
    await interruptRun('two');
    expect(await resumed.result).toMatchObject({ end: { status: 'failed', error: { message: 'one failed' } } });
  });

  test('is not taken over on a host that lacks a requirement', async () => {
    let error: WfError | undefined;
    const workflow = threeSteps();
    const needy: LoadedWorkflow = {
      ...workflow,
      requirements: () => [
        {
          title: 'a tool',
          purpose: 'is used',
          claim: null,
          check: async () => (error === undefined ? { met: true, found: 'it' } : { met: false, error }),
        },
      ],
    };
    const handle = await begin(needy);
    await interruptRun('one');
    await left(handle);
    const before = host.history.journal(handle.id).length;
    error = new WfError('E_TOOL_MISSING', 'there is no tool', { hint: 'Install it.' });
    await expect(resume(handle.id, needy)).rejects.toMatchObject({ code: 'E_TOOL_MISSING', exitCode: 3 });
    expect(host.history.journal(handle.id)).toHaveLength(before);
    expect(host.history.run(handle.id)).toMatchObject({ owner: null });
  });

  test('is refused if another process has accepted a new definition meanwhile', async () => {
    let meanwhile = async () => {};
    const workflow = threeSteps();
    const checked: LoadedWorkflow = {
      ...workflow,
      requirements: () => [
        {
          title: 'a machine',
          purpose: 'is checked',
          claim: null,
          async check() {
            await meanwhile();
            return { met: true, found: 'it' };
          },
        },
      ],
    };
    const handle = await begin(checked);
    await interruptRun('one');
    await left(handle);
    meanwhile = async () => {
      meanwhile = async () => {};
      const other = { third: { invoke: { id: 'other', src: 'step', input: { name: 'other' }, onDone: 'end' } } };
      const rival = await resume(handle.id, threeSteps('2', other), { acceptChanges: true });
      rival.interrupt('SIGINT');
      await interruptRun('two');
      expect(await rival.result).toMatchObject({ type: 'interrupted' });
    };
    await expect(resume(handle.id, checked)).rejects.toMatchObject({ code: 'E_DEFINITION_CHANGED' });
    expect(host.history.run(handle.id)).toMatchObject({ owner: null });
    expect(calls).toEqual(['one 1', 'two 1', 'two 2']);
  });
});
