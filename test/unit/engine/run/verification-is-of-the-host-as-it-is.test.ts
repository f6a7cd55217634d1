import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { FingerprintPort } from '../../../../src/engine/ports/fingerprint.ts';
import type { RunHandle } from '../../../../src/engine/run/engine.ts';
import { defineStep, runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import type { StepRunner } from '../../../../src/engine/workflow/step.ts';
import { revertSteps } from '../../../../src/steps/host/revert-steps.ts';
import { verifyHost } from '../../../../src/steps/host/verify-host.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost(undefined, () => false);
});
afterEach(() => host.close());

/** Makes the files a and b; then c, which fails before it makes anything. */
function failingAtLast() {
  const { makeFile } = host;
  const file = (name: string, next: string) => ({
    invoke: {
      id: `make-${name}`,
      src: 'makeFile' as const,
      input: { name, fail: name === 'c' ? ('before' as const) : ('no' as const) },
      onDone: next,
    },
  });
  const machine = setup({ actors: { makeFile } }).createMachine({
    initial: 'first',
    states: { first: file('a', 'second'), second: file('b', 'third'), third: file('c', 'end'), end: { type: 'final' } },
  });
  return loaded({ name: 'files', version: '1', description: '', input: z.object({}), machine });
}

const runner = (kind: string): StepRunner | undefined => (kind === 'test.file' ? runnerOf(host.makeFile) : undefined);
const rollBack = async (run: RunId) => (await host.engine.rollBack({ run, runner, removeKept: false }))?.result;

/** A run that is interrupted after it made a and b. */
async function interruptedRun(): Promise<RunHandle> {
  const handle: RunHandle = await host.start(
    failingAtLast(),
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

describe('the verification of a run', () => {
  test('is repeated by each rollback', async () => {
    const { id } = await interruptedRun();
    const left = path.join(host.folder, 'left');
    const handle = await host.engine.rollBack(
      { run: id, runner, removeKept: false },
      {
        committed({ event }) {
          // Carries the run's mark, and no change accounts for it.
          if (event.type === 'rolling-back') writeFileSync(left, `${id} somehow`);
        },
      },
    );
    expect(await handle?.result).toMatchObject({ end: { status: 'needs-attention', error: { code: 'E_RESIDUE' } } });
    expect(await rollBack(id)).toMatchObject({ end: { status: 'needs-attention' } });
    host.remove('left');
    expect(await rollBack(id)).toMatchObject({ end: { status: 'rolled-back' } });
    expect(host.history.verification(id)).toMatchObject({ restored: true, residues: [] });
  });

  test('compares with the host from before the first change, whichever process made it', async () => {
    const { id } = await interruptedRun();
    const workflow = failingAtLast();
    const definition = describeDefinition(workflow, workflow.model);
    const resumed = await host.engine.resume({
      run: id,
      workflow,
      definition,
      acceptChanges: false,
      pauseAfter: null,
    });
    expect(await resumed.result).toMatchObject({ end: { status: 'rolled-back' } });
    expect(host.history.verification(id)).toEqual({
      restored: true,
      residues: [],
      unexplained: [],
      drift: [],
      notCompared: [],
    });
    const baselines = host.history.journal(id).filter(({ event }) => event.type === 'baseline.taken');
    expect(baselines).toHaveLength(1);
  });

  test('is repeated at the end if the run has changed the host since one of its steps verified it', async () => {
    const { makeFile } = host;
    const machine = setup({ actors: { makeFile, revertSteps, verifyHost } }).createMachine({
      initial: 'makes',
      states: {
        makes: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'reverts' } },
        reverts: { invoke: { id: 'revert', src: 'revertSteps', input: { steps: ['a'] }, onDone: 'verifies' } },
        verifies: { invoke: { id: 'verify', src: 'verifyHost', input: {}, onDone: 'makesMore' } },
        makesMore: { invoke: { id: 'b', src: 'makeFile', input: { name: 'b' }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(
      loaded({ name: 'more', version: '1', description: '', input: z.object({}), machine }),
    );
    expect(await handle.result).toMatchObject({ end: { status: 'needs-attention', error: { code: 'E_RESIDUE' } } });
    expect(host.history.verification(handle.id)).toMatchObject({
      restored: false,
      residues: [{ subject: 'file b', owner: 'run' }, { subject: 'file b' }],
    });
  });

  test('takes a second, longer sample before a difference alone fails the run', async () => {
    const samples: boolean[] = [];
    const settling: FingerprintPort = {
      ...host.fingerprints,
      async takeLike(before, isWatched) {
        samples.push(isWatched);
        const [run] = host.history.runs({ limit: 1 });
        const now = await host.fingerprints.takeLike(before, false);
        return isWatched ? now : { ...now, passing: `${run?.id} leaves something for a moment` };
      },
    };
    const engine = host.engineOf({ runtimes: host.runtimesWith(settling) });
    const handle = await host.startOn(engine, failingAtLast());
    expect(await handle.result).toMatchObject({ end: { status: 'rolled-back' } });
    expect(host.history.verification(handle.id)).toMatchObject({ restored: true, residues: [] });
    expect(samples).toEqual([false, true]);
  });

  test('counts a stuck change as residue although no fingerprint contains it', async () => {
    let made = false;
    const unseen = defineStep({
      kind: 'test.unseen',
      description: 'alters what no fingerprint holds',
      input: z.object({}),
      output: z.null(),
      record: z.object({}),
      survivesReboot: true,
      commands: () => [],
      rehearse: () => null,
      async observe() {
        if (!made) return { found: 'absent', target: 'the unseen', record: {} };
        return { found: 'ours', target: 'the unseen', record: {}, output: null };
      },
      async apply() {
        made = true;
        return {};
      },
      async inspect() {
        return made ? { found: 'in place' } : { found: 'gone', reason: 'undone' };
      },
      async undo() {
        throw new WfError('E_HOST_COMMAND', 'it will not go', { hint: 'none' });
      },
      undoCommands: () => [['undo-the-unseen']],
    });
    const { makeFile } = host;
    const machine = setup({ actors: { unseen, makeFile } }).createMachine({
      initial: 'first',
      states: {
        first: { invoke: { id: 'unseen', src: 'unseen', input: {}, onDone: 'second' } },
        second: { invoke: { id: 'fails', src: 'makeFile', input: { name: 'c', fail: 'before' }, onDone: 'end' } },
        end: { type: 'final' },
      },
    });
    const handle = await host.start(
      loaded({ name: 'unseen', version: '1', description: '', input: z.object({}), machine }),
    );
    expect(await handle.result).toMatchObject({
      end: {
        status: 'needs-attention',
        error: { code: 'E_RESIDUE', hint: expect.stringContaining('undo-the-unseen') },
      },
    });
    expect(host.history.verification(handle.id)).toMatchObject({
      restored: false,
      residues: [{ subject: 'the unseen', owner: 'run', reason: 'it will not go' }],
    });
  });
});

test('a failed run that is interrupted in its rollback stops after the current change; a later rollback continues', async () => {
  const handle: RunHandle = await host.start(
    failingAtLast(),
    {},
    {},
    {
      committed({ event }) {
        if (event.type === 'change.reverting') handle.interrupt('SIGTERM');
      },
    },
  );
  expect(await handle.result).toEqual({ type: 'interrupted', signal: 'SIGTERM' });
  expect(host.files()).toEqual(['a']);
  expect(host.history.run(handle.id)).toMatchObject({ status: 'rolling-back', owner: null });
  expect(await rollBack(handle.id)).toMatchObject({ end: { status: 'rolled-back' } });
  expect(host.files()).toEqual([]);
});
