import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, setup } from 'xstate';
import { z } from 'zod';
import { modelMachine } from '../../../../src/engine/machine/machine-model.ts';
import { rehearse } from '../../../../src/engine/machine/rehearse.ts';
import type { Json } from '../../../../src/engine/model/json.ts';
import { toJson } from '../../../../src/engine/model/json.ts';
import { dependenciesOf } from '../../../../src/engine/plan/dependencies.ts';
import { otherOutputs } from '../../../../src/engine/plan/other-outputs.ts';
import { NO_SECRETS } from '../../../../src/engine/secrets/secrets.ts';
import { defineStep } from '../../../../src/engine/workflow/define-step.ts';

const output = z.object({
  id: z.string(),
  subnet: z.string(),
  count: z.number(),
  up: z.boolean(),
  state: z.enum(['running', 'stopped']),
  gateway: z.string().nullable(),
  ports: z.array(z.object({ link: z.string() })),
  note: z.string().optional(),
});

const source = defineStep({
  kind: 'test.source',
  description: 'has an output of every kind',
  input: z.looseObject({}),
  output,
  commands: () => [],
  rehearse: () => ({
    id: 'a1b2',
    subnet: '172.18.0.0/16',
    count: 0,
    up: true,
    state: 'running' as const,
    gateway: null,
    ports: [],
  }),
  read: () => Promise.reject(new Error('nothing is carried out')),
});

type Output = z.output<typeof output>;
interface Context {
  readonly first: Output | null;
  readonly second: Output | null;
}

/** A machine of three steps: `first`, `second`, then `last`, whose input is a function of both outputs. */
function machineOf(
  input: (first: Output, second: Output) => Json,
  guard: (first: Output) => boolean = () => true,
): AnyStateMachine {
  return setup({
    types: { context: {} as Context },
    actors: { source },
    guards: { goesOn: (_, first: Output) => guard(first) },
  }).createMachine({
    context: { first: null, second: null },
    initial: 'one',
    states: {
      one: {
        invoke: {
          id: 'first',
          src: 'source',
          input: {},
          onDone: [
            {
              guard: { type: 'goesOn', params: ({ event }) => event.output },
              target: 'two',
              actions: assign({ first: ({ event }) => event.output }),
            },
            { target: 'end' },
          ],
        },
      },
      two: {
        invoke: {
          id: 'second',
          src: 'source',
          input: { constant: true },
          onDone: { target: 'three', actions: assign({ second: ({ event }) => event.output }) },
        },
      },
      three: {
        invoke: {
          id: 'last',
          src: 'source',
          input: ({ context: { first, second } }) => {
            if (first === null || second === null) throw new Error('too early');
            return { value: input(first, second) };
          },
          onDone: 'end',
        },
      },
      end: { type: 'final' },
    },
  });
}

function dependenciesIn(machine: AnyStateMachine, work?: number) {
  const model = modelMachine('test', machine);
  const rehearsed = rehearse({ model }, {}, () => 0);
  const found = dependenciesOf(model, { id: 'dry-run', input: {} }, rehearsed, NO_SECRETS, work);
  return Object.fromEntries(found);
}

describe('the input of a step depends', () => {
  test.each<[what: string, input: (first: Output) => Json]>([
    ['on a text', ({ id }) => id],
    ['on a part of a text', ({ id }) => id.slice(0, 1)],
    ['on an address computed from another one', ({ subnet }) => subnet.replace('.0.0/16', '.0.100')],
    ['on a number', ({ count }) => count * 2],
    ['on an answer', ({ up }) => (up ? 'yes' : 'no')],
    ['on one of listed values', ({ state }) => state],
    ['on what is null in the rehearsal', ({ gateway }) => gateway ?? 'none'],
    ['on the elements of a list that is empty in the rehearsal', ({ ports }) => ports.map(({ link }) => link)],
    ['on the length of a list', ({ ports }) => ports.length],
    ['on a member that is absent in the rehearsal', ({ note = '' }) => note],
    ['on all of an output', (first) => toJson(first)],
  ])('%s', (_what, input) => {
    expect(dependenciesIn(machineOf(input))).toEqual({
      first: { inputFrom: [], onlyIf: [] },
      second: { inputFrom: [], onlyIf: [] },
      last: { inputFrom: ['first'], onlyIf: [] },
    });
  });

  test('on each of several outputs', () => {
    const found = dependenciesIn(machineOf((first, second) => `${first.id} ${second.id}`));
    expect(found['last']).toEqual({ inputFrom: ['first', 'second'], onlyIf: [] });
  });

  test('on no output that it does not use', () => {
    expect(dependenciesIn(machineOf(() => 'constant'))['last']).toEqual({ inputFrom: [], onlyIf: [] });
  });

  test('on an output at which the workflow throws', () => {
    const found = dependenciesIn(
      machineOf(({ id }) => {
        if (id !== 'a1b2') throw new Error('not a valid id');
        return 'constant';
      }),
    );
    expect(found['last']).toEqual({ inputFrom: ['first'], onlyIf: [] });
  });
});

test('a machine that is too large to examine whole has each later step depend on what was left out', () => {
  expect(
    dependenciesIn(
      machineOf(({ id }) => id),
      1,
    ),
  ).toEqual({
    first: { inputFrom: [], onlyIf: [] },
    second: { inputFrom: [], onlyIf: [] },
    last: { inputFrom: ['first', 'second'], onlyIf: [] },
  });
});

describe('a step that runs only with some outputs', () => {
  test('has an input that is known', () => {
    const found = dependenciesIn(
      machineOf(
        () => 'constant',
        ({ up }) => up,
      ),
    );
    expect(found).toMatchObject({
      second: { inputFrom: [], onlyIf: ['first'] },
      last: { inputFrom: [], onlyIf: ['first'] },
    });
  });

  test.each<[what: string, guard: (first: Output) => boolean]>([
    ['an answer', ({ up }) => up],
    ['a number', ({ count }) => count === 0],
    ['one of listed values', ({ state }) => state === 'running'],
  ])('depends on another member of the output all the same, if %s leads to it', (_what, guard) => {
    expect(dependenciesIn(machineOf(({ id }) => id, guard))['last']).toEqual({
      inputFrom: ['first'],
      onlyIf: ['first'],
    });
  });
});

test('all visits of one invocation count as one', () => {
  const machine = setup({
    types: { context: {} as { readonly ids: readonly string[] } },
    actors: { source },
    guards: { enough: ({ context }) => context.ids.length === 3 },
  }).createMachine({
    context: { ids: [] },
    initial: 'loop',
    states: {
      loop: { always: [{ guard: 'enough', target: 'use' }, { target: 'make' }] },
      make: {
        invoke: {
          id: 'make',
          src: 'source',
          input: ({ context }) => ({ index: context.ids.length }),
          onDone: {
            target: 'loop',
            actions: assign({ ids: ({ context, event }) => [...context.ids, event.output.id] }),
          },
        },
      },
      use: {
        invoke: { id: 'use', src: 'source', input: ({ context }) => ({ ids: context.ids }), onDone: 'end' },
      },
      end: { type: 'final' },
    },
  });
  expect(dependenciesIn(machine)).toEqual({
    make: { inputFrom: [], onlyIf: [] },
    'make#2': { inputFrom: [], onlyIf: [] },
    'make#3': { inputFrom: [], onlyIf: [] },
    use: { inputFrom: ['make'], onlyIf: [] },
  });
});

describe('another output', () => {
  const schema = toJson(z.toJSONSchema(output));

  test('satisfies the schema of the step, and differs in every member', () => {
    const one: Output = {
      ...{ id: 'x', subnet: '10.0.0.0/8', count: 1, up: false, state: 'stopped', gateway: '10.0.0.1' },
      ports: [{ link: 'eth0' }],
      note: 'n',
    };
    const other = output.parse(otherOutputs(schema, toJson(one)).whole);
    for (const [name, value] of Object.entries(one)) expect(Object.entries(other)).not.toContainEqual([name, value]);
    expect(other.ports).toHaveLength(2);
  });

  test.each([
    ['172.18.0.0/16', '172.19.0.0/16'],
    ['172.18.0.2', '172.19.0.3'],
    ['255.255.255.255', '255.1.255.1'],
    ['fd00::1/64', 'ae11::2/64'],
    ['2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'],
    ['0f9', '1a0'],
    ['Zz', 'Gg'],
    ['', 'other'],
  ])('has another text of the same format: %j, %j', (text, other) => {
    expect(otherOutputs({ type: 'string' }, text).whole).toBe(other);
  });

  test('differs from any value, also without a schema', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }).map(toJson), (value) => {
        for (const other of otherOutputs(null, value).single) expect(other).not.toEqual(value);
      }),
    );
  });
});
