import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import type { Runtime } from '../../../../src/engine/ports/runtime.ts';
import type { RunHandle } from '../../../../src/engine/run/engine.ts';
import { defineStep, runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
/** Whether the owner of the lease, this process, counts as alive. */
let alive = false;
beforeEach(() => {
  alive = false;
  host = openFolderHost(undefined, () => alive);
});
afterEach(() => host.close());

/** A name that is unique on this machine. */
const claim = `file held-${process.pid}`;
const stranger = runId(`stranger-${process.pid}`);

/** A step that lasts until its gate is opened. */
function untilOpened() {
  let open = () => {};
  const gone = new Promise<void>((resolve) => (open = resolve));
  const gate = defineStep({
    kind: 'test.gate',
    description: 'waits',
    input: z.object({}),
    output: z.null(),
    commands: () => [],
    rehearse: () => null,
    async read() {
      await gone;
      return null;
    },
  });
  return { gate, open };
}

function workflow(gate = untilOpened().gate) {
  const { makeFile } = host;
  const machine = setup({ actors: { makeFile, gate } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'second' } },
      second: { invoke: { id: 'wait', src: 'gate', input: {}, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  return loaded({
    name: 'held',
    version: '1',
    description: '',
    input: z.object({}),
    machine,
    keepsChanges: true,
    requirements: () => [
      { title: 'a name', purpose: 'is used', claim, check: async () => ({ met: true, found: 'free' }) },
    ],
  });
}

/** A run that is interrupted after it made a file. */
async function interruptedRun(): Promise<RunHandle> {
  const handle: RunHandle = await host.start(
    workflow(),
    {},
    {},
    {
      committed({ event }) {
        if (event.type === 'change.applied') handle.interrupt('SIGINT');
      },
    },
  );
  await handle.result;
  return handle;
}

/** Returns the results of locking the run and its claim from another database. */
async function whatOthersGet(run: RunHandle['id']): Promise<readonly string[]> {
  const ask = async (held: Promise<{ release(): void }>) =>
    held.then(
      (free) => {
        free.release();
        return 'free';
      },
      (thrown: { readonly code: string }) => thrown.code,
    );
  return [await ask(host.claims.acquireRun(run, 0)), await ask(host.claims.acquire([claim], stranger))];
}

test('a resumed run locks its id and its claims against every other wf of the host until it ends', async () => {
  const { id } = await interruptedRun();
  expect(await whatOthersGet(id)).toEqual(['free', 'free']);
  const { gate, open } = untilOpened();
  const again = workflow(gate);
  const definition = describeDefinition(again, again.model);
  const request = { run: id, workflow: again, definition, acceptChanges: false, pauseAfter: null };
  const resumed = await host.engine.resume(request);
  alive = true;
  // Only the owner of a run can plan its steps.
  await expect(host.engine.planResume(request)).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
  await expect(host.engine.resume(request)).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
  expect(await whatOthersGet(id)).toEqual(['E_LEASE_HELD', 'E_NAME_IN_USE']);
  open();
  expect(await resumed.result).toMatchObject({ end: { status: 'succeeded' } });
  expect(await whatOthersGet(id)).toEqual(['free', 'free']);
});

test('a rollback locks the id of its run, and not its claims', async () => {
  const { id } = await interruptedRun();
  const runner = (kind: string) => (kind === 'test.file' ? runnerOf(host.makeFile) : undefined);
  let during: Promise<readonly string[]> | undefined;
  host.onTouch = () => (during ??= whatOthersGet(id));
  const rollingBack = await host.engine.rollBack({ run: id, runner, removeKept: false });
  await rollingBack?.result;
  expect(await during).toEqual(['E_LEASE_HELD', 'free']);
  expect(await whatOthersGet(id)).toEqual(['free', 'free']);
});

test('resume reads a run that its caller has seen once, under its lock, and refuses it if it has ended meanwhile', async () => {
  const { id } = await interruptedRun();
  const seen = host.history.run(id);
  if (seen === undefined) throw new Error('the run is not there');
  const { gate, open } = untilOpened();
  open();
  const again = workflow(gate);
  const definition = describeDefinition(again, again.model);
  const request = { run: id, workflow: again, definition, acceptChanges: false, pauseAfter: null, seen };
  const read = vi.spyOn(host.history, 'run');
  const resumed = await host.engine.resume(request);
  expect(read).toHaveBeenCalledTimes(1);
  expect(await resumed.result).toMatchObject({ end: { status: 'succeeded' } });
  const written = host.history.journal(id).length;
  await expect(host.engine.resume(request)).rejects.toMatchObject({ code: 'E_RUN_ENDED' });
  expect(host.history.run(id)).toMatchObject({ status: 'succeeded', owner: null });
  expect(host.history.journal(id)).toHaveLength(written);
});

test('a resume that has opened a host is refused once another process has replaced that host', async () => {
  const { id } = await interruptedRun();
  const [opened, replaced] = [ownProcess(), { ...ownProcess(), pid: process.ppid }];
  const runtimes = host.runtimesWith(host.fingerprints);
  const { docker } = runtimes;
  let isClosed = false;
  /** Opens a private host; meanwhile another process takes the run over, makes another one, and leaves the run. */
  const open: Runtime['open'] = async (...given) => {
    const lease = host.history.takeOver(id, ownProcess(), () => false);
    host.history.append(lease, { events: [{ type: 'host.made', process: replaced, user: 0 }] }, 1);
    host.history.release(lease);
    const shared = await docker.open(...given);
    return { ...shared, identity: () => ({ process: opened, user: 0 }), close: () => (isClosed = true) };
  };
  const engine = host.engineOf({ runtimes: { ...runtimes, docker: { ...docker, open } } });
  const again = workflow();
  const definition = describeDefinition(again, again.model);
  const request = { run: id, workflow: again, definition, acceptChanges: false, pauseAfter: null };
  alive = true;
  await expect(engine.resume(request)).rejects.toMatchObject({
    code: 'E_LEASE_HELD',
    message: `run ${id} was advanced by another process meanwhile`,
  });
  expect(isClosed).toBe(true);
  expect(await whatOthersGet(id)).toEqual(['free', 'free']);
  expect(host.history.run(id)).toMatchObject({ owner: null });
});
