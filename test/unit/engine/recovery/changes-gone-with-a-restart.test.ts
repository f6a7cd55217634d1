import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import type { LoadedWorkflow } from '../../../../src/engine/workflow/workflow.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

/** Makes two files, and pauses between them. */
function twoFiles(): LoadedWorkflow {
  const machine = setup({ actors: { makeFile: host.makeFile } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'one', src: 'makeFile', input: { name: 'one' }, onDone: 'second' } },
      second: { invoke: { id: 'two', src: 'makeFile', input: { name: 'two' }, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  return loaded({ name: 'files', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

/** Resumes a run that paused after its first file, in a process after the next boot; plans that before. */
async function resumeAfterRestart(changeHost: () => void) {
  const workflow = twoFiles();
  const started = await host.start(workflow, {}, { pauseAfter: 'first' });
  await started.result;
  changeHost();
  const after = host.engineOf({ owner: { ...ownProcess(), bootId: 'the-boot-after' } });
  const definition = describeDefinition(workflow, workflow.model);
  const request = { run: started.id, workflow, definition, acceptChanges: false, pauseAfter: null };
  const plan = await after.planResume(request);
  const resumed = await after.resume(request);
  return { run: started.id, plan, result: await resumed.result };
}

test('a resume after a restart of the machine that took a change fails, and undoes the run', async () => {
  const { run, plan, result } = await resumeAfterRestart(() => host.remove('one'));
  expect(plan.direction).toBe('back');
  expect(result).toMatchObject({
    type: 'ended',
    end: {
      status: 'rolled-back',
      error: {
        code: 'E_CHANGES_GONE',
        message: `a restart of the machine took changes that run ${run} needs to continue; gone from the host meanwhile: file one (no such file)`,
        hint: 'Start it again with `wf start files`.',
      },
    },
  });
  expect(host.files()).toEqual([]);
});

test('a resume after a restart that left all changes in place continues', async () => {
  const { plan, result } = await resumeAfterRestart(() => {});
  expect(plan.direction).toBe('forward');
  expect(result).toMatchObject({ type: 'ended', end: { status: 'succeeded' } });
  expect(host.files()).toEqual(['one', 'two']);
});
