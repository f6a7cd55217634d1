import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import type { RunId } from '../../../../src/engine/model/ids.ts';
import type { RunHandle } from '../../../../src/engine/run/engine.ts';
import { runnerOf } from '../../../../src/engine/workflow/define-step.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';
import { stayingStep } from '../../../support/in-process/staying-step.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost(undefined, () => false);
});
afterEach(() => host.close());

function twoFiles() {
  const actor = stayingStep(host.folder);
  const machine = setup({ actors: { staying: actor } }).createMachine({
    initial: 'first',
    states: {
      first: { invoke: { id: 'a', src: 'staying', input: { name: 'a' }, onDone: 'second' } },
      second: { invoke: { id: 'b', src: 'staying', input: { name: 'b' }, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  const workflow = loaded({ name: 'stay', version: '1', description: '', input: z.object({}), machine });
  const runner = (kind: string) => (kind === 'test.staying' ? runnerOf(actor) : undefined);
  return { workflow, runner };
}

const statuses = (run: RunId) => host.history.changes(run).map(({ status }) => status);

test('a rollback with removeKept undoes kept changes, also after it is interrupted and resumed', async () => {
  const { workflow, runner } = twoFiles();
  const started = await host.start(workflow);
  await started.result;
  const { id } = started;
  expect(statuses(id)).toEqual(['kept', 'kept']);
  expect(await host.engine.rollBack({ run: id, runner, removeKept: false })).toBeNull();
  expect(host.files()).toEqual(['a', 'b']);

  let handle: Omit<RunHandle, 'send'> | null = null;
  handle = await host.engine.rollBack(
    { run: id, runner, removeKept: true },
    {
      committed({ event }) {
        if (event.type === 'change.reverting') handle?.interrupt('SIGTERM');
      },
    },
  );
  expect(await handle?.result).toMatchObject({ type: 'interrupted' });
  expect(statuses(id)).toEqual(['kept', 'reverted']);
  expect(host.files()).toEqual(['a']);

  // Resuming continues the rollback with removeKept.
  const definition = describeDefinition(workflow, workflow.model);
  const request = { run: id, workflow, definition, acceptChanges: false, pauseAfter: null };
  expect(await host.engine.planResume(request)).toEqual({
    direction: 'back',
    steps: [{ step: 'a', stage: 'first', kind: 'test.staying', plan: 'undone', why: 'file a is in place' }],
  });
  const resumed = await host.engine.resume(request);
  await resumed.result;
  expect(statuses(id)).toEqual(['reverted', 'reverted']);
  expect(host.files()).toEqual([]);
});
