import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { RunHandle } from '../../../../src/engine/run/engine.ts';
import { runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import type { StepRunner } from '../../../../src/engine/workflow/step.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
/** Whether the owner of a lease counts as alive. */
let alive: boolean;
beforeEach(() => {
  alive = false;
  host = openFolderHost(undefined, () => alive);
});
afterEach(() => host.close());

function threeFiles(undoable = true) {
  const { makeFile } = host;
  const file = (name: string, next: string) => ({
    invoke: {
      id: `make-${name}`,
      src: 'makeFile' as const,
      input: { name, fail: name === 'b' && !undoable ? ('undo' as const) : ('no' as const) },
      onDone: next,
    },
  });
  const machine = setup({ actors: { makeFile } }).createMachine({
    initial: 'first',
    states: { first: file('a', 'second'), second: file('b', 'third'), third: file('c', 'end'), end: { type: 'final' } },
  });
  return loaded({ name: 'files', version: '1', description: '', input: z.object({}), machine });
}

const runner = (kind: string): StepRunner | undefined => {
  const known = runnerOf(host.makeFile);
  return known?.kind === kind ? known : undefined;
};

const request = (run: RunId) => ({ run, runner, removeKept: false });

/** A run that is interrupted after it made the files a and b. */
async function interruptedRun(undoable = true): Promise<RunHandle> {
  const handle: RunHandle = await host.start(
    threeFiles(undoable),
    {},
    {},
    {
      committed({ event }) {
        if (event.type === 'change.applied' && event.seq === 2) handle.interrupt('SIGINT');
      },
    },
  );
  await handle.result;
  return handle;
}

describe('a rollback', () => {
  test('undoes the changes of an interrupted run newest first, and verifies the host', async () => {
    const { id } = await interruptedRun();
    expect(host.files()).toEqual(['a', 'b']);
    const settled: string[] = [];
    const rollingBack = await host.engine.rollBack(request(id), {
      committed({ event }) {
        if (event.type === 'change.settled') settled.push(`${event.seq} ${event.status}`);
      },
    });
    expect(await rollingBack?.result).toMatchObject({
      end: { status: 'rolled-back', error: { code: 'E_INTERRUPTED' } },
    });
    expect(settled).toEqual(['2 reverted', '1 reverted']);
    expect(host.files()).toEqual([]);
    expect(host.history.verification(id)).toMatchObject({ restored: true });
    expect(host.history.steps(id).map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'stopped']);
  });

  test('does nothing for an ended run without changes in place', async () => {
    const { id } = await interruptedRun();
    await (await host.engine.rollBack(request(id)))?.result;
    const entries = host.history.journal(id).length;
    expect(await host.engine.rollBack(request(id))).toBeNull();
    expect(host.history.journal(id)).toHaveLength(entries);
  });

  test('is refused while a living process advances the run, and writes nothing', async () => {
    const { id } = await interruptedRun();
    alive = true;
    // Another process has it now.
    host.history.takeOver(id, ownProcess(), () => false);
    const entries = host.history.journal(id).length;
    await expect(host.engine.rollBack(request(id))).rejects.toMatchObject({ code: 'E_LEASE_HELD' });
    expect(host.history.journal(id)).toHaveLength(entries);
    expect(host.files()).toEqual(['a', 'b']);
  });

  test('prevents further writes of the earlier owner', async () => {
    const { id } = await interruptedRun();
    const earlier = { run: id, fence: host.history.run(id)?.fence ?? 0 };
    await (await host.engine.rollBack(request(id)))?.result;
    expect(() => host.history.append(earlier, { events: [{ type: 'waiting', events: [] }] }, 1)).toThrow(
      expect.objectContaining({ code: 'E_LEASE_LOST' }),
    );
  });

  test('continues after a stuck change, and settles it as gone once it is removed by hand', async () => {
    const { id } = await interruptedRun(false);
    const first = await (await host.engine.rollBack(request(id)))?.result;
    expect(first).toMatchObject({ end: { status: 'needs-attention', error: { code: 'E_RESIDUE' } } });
    expect(host.files()).toEqual(['b']);
    // After the change is removed by hand, the same command settles the rest.
    writeFileSync(path.join(host.folder, 'c'), 'somebody else’s');
    host.remove('b');
    const second = await (await host.engine.rollBack(request(id)))?.result;
    expect(second).toMatchObject({ end: { status: 'rolled-back' } });
    expect(host.history.changes(id).map(({ status }) => status)).toEqual(['reverted', 'gone']);
    expect(existsSync(path.join(host.folder, 'c'))).toBe(true);
  });

  test('is refused before it touches anything if a step runner is missing, and names each change', async () => {
    const { id } = await interruptedRun();
    const before = host.history.journal(id);
    const missing = { runner: () => undefined, whyMissing: (kind: string) => `nobody has ${kind}` };
    await expect(host.engine.rollBack({ ...request(id), ...missing })).rejects.toMatchObject({
      code: 'E_RUNNER_MISSING',
      message: expect.stringMatching(
        /change 1 \(file a\): there is no step runner test.file: nobody has test.file; .*file b/,
      ),
    });
    expect(host.history.journal(id)).toEqual(before);
    expect(host.files()).toEqual(['a', 'b']);
  });

  test('is planned by a resume of a failed run that was interrupted before its rollback', async () => {
    const { makeFile } = host;
    const file = (name: string, fail: 'before' | 'no', next: string) => ({
      invoke: { id: `make-${name}`, src: 'makeFile' as const, input: { name, fail }, onDone: next },
    });
    const machine = setup({ actors: { makeFile } }).createMachine({
      initial: 'first',
      states: { first: file('a', 'no', 'second'), second: file('b', 'before', 'end'), end: { type: 'final' } },
    });
    const workflow = loaded({ name: 'failing', version: '1', description: '', input: z.object({}), machine });
    const handle: RunHandle = await host.start(
      workflow,
      {},
      {},
      {
        committed({ event }) {
          if (event.type === 'step.failed') handle.interrupt('SIGTERM');
        },
      },
    );
    expect(await handle.result).toEqual({ type: 'interrupted', signal: 'SIGTERM' });
    const definition = describeDefinition(workflow, workflow.model);
    const resume = { run: handle.id, workflow, definition, acceptChanges: false, pauseAfter: null };
    expect(await host.engine.planResume(resume)).toEqual({
      direction: 'back',
      steps: [{ step: 'make-a', stage: 'first', kind: 'test.file', plan: 'undone', why: 'file a is in place' }],
    });
    expect(await (await host.engine.resume(resume)).result).toMatchObject({ end: { status: 'rolled-back' } });
    expect(host.files()).toEqual([]);
  });

  test('is refused for an unknown run', async () => {
    await expect(host.engine.rollBack(request(runId('nobody')))).rejects.toMatchObject({ code: 'E_RUN_NOT_FOUND' });
  });
});
