import { afterEach, beforeEach, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../../../src/definition/describe.ts';
import { rehearse } from '../../../../src/engine/machine/rehearse.ts';
import { NO_CRASH_POINTS } from '../../../../src/engine/ports/crash-points.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
beforeEach(() => {
  host = openFolderHost();
});
afterEach(() => host.close());

/** Makes two files named after the run: the first by the context, the second by the input of its step. */
function namedAfterItsRun() {
  const { makeFile } = host;
  const machine = setup({
    types: { context: {} as { run: string; again: string }, output: {} as { run: string; again: string } },
    actors: { makeFile },
  }).createMachine({
    context: ({ self }) => ({ run: self.id, again: '' }),
    initial: 'one',
    states: {
      one: {
        invoke: {
          id: 'one',
          src: 'makeFile',
          input: ({ context }) => ({ name: `${context.run}.one` }),
          onDone: { target: 'two', actions: assign({ again: ({ self }) => self.id }) },
        },
      },
      two: {
        invoke: { id: 'two', src: 'makeFile', input: ({ self }) => ({ name: `${self.id}.two` }), onDone: 'end' },
      },
      end: { type: 'final' },
    },
    output: ({ context }) => context,
  });
  return loaded({ name: 'named', version: '1', description: '', input: z.object({}), machine, keepsChanges: true });
}

test('self.id is the id of the run, also after a resume', async () => {
  const workflow = namedAfterItsRun();
  const paused = await host.start(workflow, {}, { pauseAfter: 'one' });
  expect(await paused.result).toMatchObject({ type: 'paused' });
  const request = {
    workflow,
    definition: describeDefinition(workflow, workflow.model),
    acceptChanges: false,
    pauseAfter: null,
  };
  const resumed = await host.engineWith(NO_CRASH_POINTS).resume({ run: paused.id, ...request });
  expect(await resumed.result).toMatchObject({
    end: { status: 'succeeded', output: { run: paused.id, again: paused.id } },
  });
  expect(host.files()).toEqual([`${paused.id}.one`, `${paused.id}.two`]);
});

test('a dry run uses the given run id, or dry-run by default', () => {
  const workflow = namedAfterItsRun();
  const commands = (run?: string) => rehearse(workflow, {}, () => 0, run).flatMap((step) => step.commands);
  expect(commands('mine')).toEqual([
    ['touch', 'mine.one'],
    ['touch', 'mine.two'],
  ]);
  expect(commands()[0]).toEqual(['touch', 'dry-run.one']);
});

test('a state that gives its actor a name in the system can be entered again', async () => {
  const { makeFile } = host;
  const machine = setup({
    types: { context: {} as { round: number } },
    actors: { makeFile },
  }).createMachine({
    context: { round: 1 },
    initial: 'make',
    states: {
      make: {
        invoke: {
          id: 'make',
          systemId: 'maker',
          src: 'makeFile',
          input: ({ context }) => ({ name: `round-${context.round}` }),
          onDone: [
            { guard: ({ context }) => context.round === 3, target: 'end' },
            { target: 'again', actions: assign({ round: ({ context }) => context.round + 1 }) },
          ],
        },
      },
      again: { always: 'make' },
      end: { type: 'final' },
    },
  });
  const workflow = loaded({
    name: 'again',
    version: '1',
    description: '',
    input: z.object({}),
    machine,
    keepsChanges: true,
  });
  const run = await host.start(workflow, {});
  expect(await run.result).toMatchObject({ type: 'ended', end: { status: 'succeeded' } });
  expect(host.files()).toEqual(['round-1', 'round-2', 'round-3']);
});
