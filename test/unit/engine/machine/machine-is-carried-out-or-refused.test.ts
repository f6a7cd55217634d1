import { afterEach, expect, test } from 'vitest';
import { type AnyStateMachine, assign, createMachine, setup } from 'xstate';
import { z } from 'zod';
import { modelMachine } from '../../../../src/engine/machine/machine-model.ts';
import { rehearse } from '../../../../src/engine/machine/rehearse.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';
import { type FolderHost, loaded, openFolderHost } from '../../../support/in-process/folder-host.ts';

const hosts: FolderHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.close();
});

const step = defineStep({
  kind: 'test.step',
  description: '',
  input: z.object({}),
  output: z.object({}),
  commands: () => [],
  rehearse: () => ({}),
  read: async () => ({}),
});
const child = createMachine({ initial: 'a', states: { a: {} } });

const { createMachine: create } = setup({
  types: { context: {} as { ref: unknown } },
  actors: { step, child },
  actions: { spawned: assign({ ref: ({ spawn }) => spawn('child', { id: 'extra' }) }) },
});
const invoking = { invoke: { id: 'work', src: 'step', input: {}, onDone: 'end' } } as const;

test('a spawned actor without an id is reported by its name in the setup', () => {
  const machine = create({
    context: ({ spawn }) => ({ ref: spawn('child') }),
    initial: 'one',
    states: { one: invoking, end: { type: 'final' } },
  });
  const workflow = loaded({ name: 'spawns', version: '1', description: '', input: z.object({}), machine });
  expect(() => rehearse(workflow, {}, () => 0)).toThrow('spawns the actor child,');
});

const MACHINES: readonly (readonly [string, AnyStateMachine])[] = [
  [
    'on entry to a state',
    create({
      context: { ref: null },
      initial: 'one',
      states: { one: { entry: 'spawned', ...invoking }, end: { type: 'final' } },
    }),
  ],
  [
    'on entry to the final state',
    create({
      context: { ref: null },
      initial: 'one',
      states: { one: invoking, end: { type: 'final', entry: 'spawned' } },
    }),
  ],
  [
    'in its initial context',
    create({
      context: ({ spawn }) => ({ ref: spawn('step', { id: 'extra', input: {} }) }),
      initial: 'one',
      states: { one: invoking, end: { type: 'final' } },
    }),
  ],
  [
    'under the id of an earlier step',
    create({
      context: { ref: null },
      initial: 'one',
      states: {
        one: { invoke: { id: 'extra', src: 'step', input: {}, onDone: 'two' } },
        two: { entry: 'spawned', ...invoking },
        end: { type: 'final' },
      },
    }),
  ],
];

test.each(MACHINES)(
  'a machine that spawns an actor %s is refused, and the error names the actor',
  async (_where, machine) => {
    const workflow = loaded({ name: 'spawns', version: '1', description: '', input: z.object({}), machine });
    const message = 'the machine spawns the actor extra, which no state invokes';
    expect(() => rehearse(workflow, {}, () => 0)).toThrow(message);
    const host = openFolderHost();
    hosts.push(host);
    const { result } = await host.start(workflow);
    expect(await result).toMatchObject({
      end: { status: 'failed', error: { code: 'E_WORKFLOW_INVALID', message } },
    });
  },
);

test('a machine that only invokes actors is accepted', async () => {
  const machine = create({
    context: { ref: 0 },
    initial: 'one',
    states: {
      one: {
        invoke: { id: 'work', src: 'step', input: {}, onDone: { actions: assign({ ref: 1 }) } },
        always: { guard: ({ context }) => context.ref === 1, target: 'two' },
      },
      two: { invoke: { id: 'more', src: 'step', input: {}, onDone: 'end' } },
      end: { type: 'final' },
    },
  });
  const host = openFolderHost();
  hosts.push(host);
  const { result } = await host.start(
    loaded({ name: 'invokes', version: '1', description: '', input: z.object({}), machine }),
  );
  expect(await result).toMatchObject({ end: { status: 'succeeded' } });
});

test.each([
  ['an onSnapshot transition', { id: 'work', onSnapshot: { actions: [] } }, 'has an onSnapshot for work'],
  [
    'the id of a repeated visit',
    { id: 'work#2' },
    'the invoke id work#2 reads like the id of a repeated visit, an item or a step of a child',
  ],
])('an invoke with %s is refused when the machine is loaded', (_what, invoke, message) => {
  const machine = create({
    context: { ref: null },
    initial: 'one',
    states: { one: { invoke: { src: 'step', input: {}, ...invoke } } },
  });
  expect(() => modelMachine('odd', machine)).toThrow(message);
});

const SENDING: readonly (readonly [string, AnyStateMachine])[] = [
  [
    'an assign',
    create({
      context: { ref: null },
      initial: 'one',
      states: {
        one: {
          entry: assign(({ self }) => {
            self.send({ type: 'GO' });
            return {};
          }),
          on: { GO: 'end' },
        },
        end: { type: 'final' },
      },
    }),
  ],
  [
    'an input function',
    create({
      context: { ref: null },
      initial: 'one',
      states: {
        one: {
          invoke: {
            id: 'work',
            src: 'step',
            input: ({ self }) => {
              self.send({ type: 'GO' });
              return {};
            },
          },
          on: { GO: 'end' },
        },
        end: { type: 'final' },
      },
    }),
  ],
];

test.each(SENDING)('an event that %s sends is refused, and the error names it', async (_where, machine) => {
  const workflow = loaded({ name: 'sends', version: '1', description: '', input: z.object({}), machine });
  const message = 'the machine sends the event GO with send() while it decides';
  expect(() => rehearse(workflow, {}, () => 0)).toThrow(message);
  const host = openFolderHost();
  hosts.push(host);
  const { result } = await host.start(workflow);
  expect(await result).toMatchObject({ end: { status: 'failed', error: { code: 'E_WORKFLOW_INVALID', message } } });
});
