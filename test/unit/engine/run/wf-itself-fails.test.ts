import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { Clock } from '../../../../src/engine/ports/clock.ts';
import type { FingerprintPort } from '../../../../src/engine/ports/fingerprint.ts';
import type { RunHost, RunIdentity } from '../../../../src/engine/ports/runtime.ts';
import type { Engine, RunHandle, RunObserver } from '../../../../src/engine/run/engine.ts';
import { defineStep, runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import { openHistory } from '../../../../src/history/open.ts';
import { systemClock } from '../../../../src/host/machine/clock.ts';
import { PinnedConnection } from '../../../../src/sqlite/pinned-connection.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
/** The second step of a run waits for this. */
let gate: Promise<void>;
beforeEach(() => {
  host = openFolderHost();
  gate = Promise.resolve();
});
afterEach(() => host.close());

function files(waitMs = 0) {
  const pass = defineStep({
    kind: 'test.pass',
    description: 'waits at the gate',
    input: z.object({}),
    output: z.object({}),
    commands: () => [],
    rehearse: () => ({}),
    async read(_input, { progress }) {
      progress('at the gate');
      await gate;
      return {};
    },
  });
  const machine = setup({ actors: { makeFile: host.makeFile, pass } }).createMachine({
    initial: 'make',
    states: {
      make: { invoke: { id: 'make', src: 'makeFile', input: { name: 'a' }, onDone: 'pass' } },
      pass: { invoke: { id: 'pass', src: 'pass', input: {}, onDone: waitMs === 0 ? 'end' : 'wait' } },
      wait: { after: { [waitMs]: 'end' } },
      end: { type: 'final' },
    },
  });
  return loaded({
    name: 'files',
    version: '1',
    description: '',
    input: z.object({}),
    machine,
    keepsChanges: true,
  });
}

function startOn(engine: Engine, observer: RunObserver = {}, workflow = files()): Promise<RunHandle> {
  return host.startOn(engine, workflow, {}, {}, observer);
}

function resumeOn(engine: Engine, { id }: RunHandle): Promise<RunHandle> {
  const workflow = files();
  const definition = describeDefinition(workflow, workflow.model);
  return engine.resume({ run: id, workflow, definition, acceptChanges: false, pauseAfter: null });
}

/** Makes a file, and fails. */
function failing() {
  const machine = setup({ actors: { makeFile: host.makeFile } }).createMachine({
    initial: 'make',
    states: {
      make: { invoke: { id: 'make', src: 'makeFile', input: { name: 'a' }, onDone: 'fail' } },
      fail: { invoke: { id: 'fail', src: 'makeFile', input: { name: 'b', fail: 'before' } } },
    },
  });
  return loaded({ name: 'fails', version: '1', description: '', input: z.object({}), machine });
}

const runner = (kind: string) => (kind === 'test.file' ? runnerOf(host.makeFile) : undefined);

/** A clock that runs a hundred times as fast as its timers. */
function quickClock(): Clock {
  const begin = Date.now();
  return { now: () => begin + (Date.now() - begin) * 100, sinceBoot: systemClock.sinceBoot, after: systemClock.after };
}

/** A history that does not wait long for a lock, and its engine. */
function impatient(clock = systemClock) {
  const history = openHistory(host.database, { busyTimeoutMs: 10 });
  return { history, engine: host.engineOf({ history, clock }) };
}

/** Locks the database as another program does, until the returned function is called. */
function lock(): () => void {
  const raw = new PinnedConnection(host.database);
  raw.exec('BEGIN EXCLUSIVE');
  return () => {
    raw.exec('ROLLBACK');
    raw.close();
  };
}

describe('an observer that fails', () => {
  test.for<readonly [string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no room for the log');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no room for the log'))],
  ])('alters neither a run nor its rollback: it %s', async ([, fail]) => {
    const warn = vi.fn();
    const engine = host.engineOf({ warn });
    const observer: RunObserver = { committed: () => fail(), progress: () => fail() };
    const run = await startOn(engine, observer);
    expect(await run.result).toMatchObject({ type: 'ended', end: { status: 'succeeded' } });
    const undone = await engine.rollBack({ run: run.id, runner, removeKept: false }, observer);
    expect(await undone?.result).toMatchObject({ end: { status: 'rolled-back' } });
    expect(host.files()).toEqual([]);
    const events = host.history.journal(run.id).length;
    expect(warn, 'once for each entry, and for the progress').toHaveBeenCalledTimes(events + 1);
  });
});

describe('a locked database', () => {
  test('delays a run until it is unlocked', async () => {
    const { history, engine } = impatient();
    let unlock = () => {};
    const run = await startOn(engine, {
      committed({ event }) {
        if (event.type === 'step.succeeded' && event.step === 'make') unlock = lock();
      },
    });
    await vi.waitFor(() => expect(host.files()).toEqual(['a']), 10_000);
    // Much longer than one write waits for the lock.
    await new Promise((resolve) => setTimeout(resolve, 300));
    unlock();
    expect(await run.result).toMatchObject({ end: { status: 'succeeded' } });
    history.close();
  });

  test('ends the attempt of a process to advance the run, and the same process can resume it', async () => {
    const { history, engine } = impatient(quickClock());
    let unlock = () => {};
    const run = await startOn(engine, {
      progress: () => {
        unlock = lock();
      },
    });
    await expect(run.result).rejects.toMatchObject({ code: 'E_DATABASE_LOCKED' });
    unlock();
    const resumed = await resumeOn(engine, run);
    expect(await resumed.result).toMatchObject({ end: { status: 'succeeded' } });
    history.close();
  });

  test('releases the lease once it is unlocked: another process can then resume the run', async () => {
    const { history, engine } = impatient(quickClock());
    let unlock = () => {};
    const run = await startOn(engine, {
      progress: () => {
        unlock = lock();
      },
    });
    await expect(run.result).rejects.toMatchObject({ code: 'E_DATABASE_LOCKED' });
    unlock();
    await vi.waitFor(() => expect(host.history.run(run.id)).toMatchObject({ owner: null }), 10_000);
    const resumed = await resumeOn(host.engine, run);
    expect(await resumed.result).toMatchObject({ end: { status: 'succeeded' } });
    history.close();
  });
});

test('a run that cannot record its end on a full disk can be rolled back by the same process once there is space', async () => {
  let isFull = false;
  const refuseIfFull = () => {
    if (isFull) throw new WfError('E_DISK_FULL', 'no room', { hint: 'Make room.' });
  };
  const history: typeof host.history = {
    ...host.history,
    append(...given) {
      refuseIfFull();
      return host.history.append(...given);
    },
    release(lease) {
      refuseIfFull();
      host.history.release(lease);
    },
    freeReserve: () => false,
  };
  const engine = host.engineOf({ history });
  const run = await startOn(engine, {
    progress: () => {
      isFull = true;
    },
  });
  await expect(run.result).rejects.toMatchObject({ code: 'E_DISK_FULL' });
  isFull = false;
  const undone = await engine.rollBack({ run: run.id, runner, removeKept: false });
  expect(await undone?.result).toMatchObject({ end: { status: 'rolled-back' } });
  expect(host.files()).toEqual([]);
});

test('a run gives up its lease only after its current step has ended', async () => {
  let open = () => {};
  gate = new Promise((resolve) => {
    open = resolve;
  });
  let isLost = false;
  const history: typeof host.history = {
    ...host.history,
    append(...given) {
      if (isLost) throw new WfError('E_DATABASE', 'it was moved away', { hint: 'Put it back.' });
      return host.history.append(...given);
    },
  };
  const run = await startOn(host.engineOf({ history }), {
    progress() {
      isLost = true;
      run.interrupt('SIGINT');
    },
  });
  const released = vi.fn();
  run.result.catch(released);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([released.mock.calls.length, host.history.run(run.id)?.owner]).toMatchObject([0, { pid: process.pid }]);
  open();
  await expect(run.result).rejects.toMatchObject({ code: 'E_DATABASE' });
  expect(host.history.run(run.id)).toMatchObject({ owner: null });
});

/** Returns runtimes whose Docker host has these members replaced. */
function hostWith(differs: Partial<RunHost>, fingerprints?: FingerprintPort) {
  const runtimes = host.runtimesWith(fingerprints ?? host.fingerprints);
  const { open } = runtimes.docker;
  const docker = { ...runtimes.docker, open: async (run: RunIdentity) => ({ ...(await open(run, null)), ...differs }) };
  return { ...runtimes, docker };
}

test('a failed fingerprint before the first change is retried', async () => {
  let fails = true;
  const take: FingerprintPort['take'] = async (expected) => {
    if (!fails) return host.fingerprints.take(expected);
    fails = false;
    throw new WfError('E_HOST_STATE_UNKNOWN', 'two samples differ', { hint: 'Try again.', transient: true });
  };
  const engine = host.engineOf({ runtimes: hostWith({}, { ...host.fingerprints, take }) });
  const run = await startOn(engine);
  expect(await run.result).toMatchObject({ end: { status: 'succeeded' } });
  expect(fails).toBe(false);
});

test('a run whose host does not end needs attention, and a rollback by the same process ends it', async () => {
  let ends = false;
  const end = async () => {
    if (!ends) throw new WfError('E_RESIDUE', 'processes 7, 8 stay', { hint: 'End them with `kill -KILL 7 8`.' });
  };
  const engine = host.engineOf({ runtimes: hostWith({ end }) });
  const run = await startOn(engine, {}, failing());
  expect(await run.result).toMatchObject({
    end: {
      status: 'needs-attention',
      error: {
        code: 'E_RESIDUE',
        message: expect.stringContaining('processes 7, 8 stay'),
        hint: expect.stringContaining('wf rollback'),
      },
    },
  });
  ends = true;
  const undone = await engine.rollBack({ run: run.id, runner, removeKept: false });
  expect(await undone?.result).toMatchObject({ end: { status: 'rolled-back' } });
});

test('an interruption takes effect at any moment while the run begins to wait', async () => {
  for (let turns = 0; turns < 24; turns += 1) {
    const run = await startOn(
      host.engine,
      {
        async committed({ event }) {
          if (event.type !== 'waiting') return;
          for (let turn = 0; turn < turns; turn += 1) await undefined;
          run.interrupt('SIGINT');
        },
      },
      files(3_600_000),
    );
    expect(await run.result, `after ${turns} turns`).toEqual({ type: 'interrupted', signal: 'SIGINT' });
    const undone = await host.engine.rollBack({ run: run.id, runner, removeKept: false });
    await undone?.result;
  }
});
