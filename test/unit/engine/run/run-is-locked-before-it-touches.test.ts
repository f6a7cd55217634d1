import { afterEach, beforeEach, expect, test } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import type { StartRequest } from '../../../../src/engine/run/engine.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import type { StepContext } from '../../../../src/engine/workflow/step.ts';
import { type FolderHost, loaded, openFolderHost, runId } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

/** Returns whether the id of the run can be locked. */
async function isFree(run: string): Promise<boolean> {
  return host.claims.acquireRun(runId(run), 0).then(
    (held) => {
      held.release();
      return true;
    },
    () => false,
  );
}

/** A workflow whose first step only reads, by calling `look`. */
function reading(look: (context: StepContext) => Promise<void>) {
  const step = defineStep({
    kind: 'test.look',
    description: '',
    input: z.object({}),
    output: z.null(),
    commands: () => [],
    rehearse: () => null,
    async read(_input, context) {
      await look(context);
      return null;
    },
  });
  const { makeFile } = host;
  const machine = (changes: boolean) =>
    setup({ actors: { step, makeFile } }).createMachine({
      initial: 'look',
      states: {
        look: { invoke: { id: 'look', src: 'step', input: {}, onDone: changes ? 'make' : 'end' } },
        ...(changes ? { make: { invoke: { id: 'a', src: 'makeFile', input: { name: 'a' }, onDone: 'end' } } } : {}),
        end: { type: 'final' },
      },
    });
  return (changes = false) =>
    loaded({ name: 'looks', version: '1', description: '', input: z.object({}), machine: machine(changes) });
}

const nothing = ['true'] as const;

test('a run that only reads locks its id from its first command to its end', async () => {
  const free: boolean[] = [];
  const workflow = reading(async ({ run, host: { command } }) => {
    free.push(await isFree(run));
    await command.run(nothing, { timeoutMs: 5_000 });
    free.push(await isFree(run));
  })();
  const handle = await host.start(workflow);
  expect(await handle.result).toMatchObject({ end: { status: 'succeeded' } });
  free.push(await isFree(handle.id));
  expect(free).toEqual([true, false, true]);
});

test.each<[string, boolean, Partial<StartRequest>]>([
  ['changes the host', true, {}],
  ['has a given id', false, { id: runId(`given-${process.pid}`) }],
])('a run that %s locks its id from its start', async (_what, changes, given) => {
  const free: boolean[] = [];
  const workflow = reading(async ({ run }) => {
    free.push(await isFree(run));
  })(changes);
  const handle = await host.engine.start({
    workflow,
    definition: describeDefinition(workflow, workflow.model),
    input: {},
    runtime: 'docker',
    options: { onFailure: 'rollback', pauseAfter: null },
    ...given,
  });
  await handle.result;
  expect(free).toEqual([false]);
});

test('a run whose id is already locked begins no command', async () => {
  const begun: string[] = [];
  const workflow = reading(async ({ run, host: { command } }) => {
    const other = await host.claims.acquireRun(run, 0);
    try {
      await command.run(nothing, { timeoutMs: 5_000 });
      begun.push('a command');
    } finally {
      other.release();
    }
  })();
  const handle = await host.start(workflow);
  expect(await handle.result).toMatchObject({ end: { status: 'failed', error: { code: 'E_RUN_EXISTS' } } });
  expect(begun).toEqual([]);
});
