import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnyMachineSnapshot, type AnyStateMachine, assign, initialTransition, setup, transition } from 'xstate';
import { z } from 'zod';
import { stepDone, stepError } from '../../src/engine/decide.ts';
import { defineStep } from '../../src/engine/define-step.ts';
import type { MachineEvent } from '../../src/engine/journal-event.ts';
import { toJson } from '../../src/engine/json.ts';
import { type Transitioned, transitionsOf } from '../../src/engine/transition.ts';

const step = defineStep({
  kind: 'test.step',
  description: '',
  input: z.object({ n: z.number() }),
  output: z.object({ n: z.number() }),
  commands: () => [],
  rehearse: ({ n }) => ({ n }),
  read: async ({ n }) => ({ n }),
});

const { createMachine } = setup({
  types: { context: {} as { count: number; seen: string[] }, input: {} as { count: number } },
  actors: { step },
  guards: { few: ({ context }) => context.count < 6 },
  actions: {
    counted: assign({
      count: ({ context }) => context.count + 1,
      seen: ({ context, event }) => [...context.seen, event.type],
    }),
  },
});

/** Invokes, delays, guards, raised events, parallel states, history, tags, output, and an actor with a name of its own. */
const machineWith = (systemId?: string) =>
  createMachine({
    context: ({ input }) => ({ count: input.count, seen: [] }),
    initial: 'first',
    states: {
      first: {
        entry: 'counted',
        invoke: {
          id: 'a',
          src: 'step',
          input: ({ context }) => ({ n: context.count }),
          onDone: { target: 'both', actions: 'counted' },
          onError: { target: 'first', reenter: true },
          ...(systemId === undefined ? {} : { systemId }),
        },
        after: { 1000: 'both' },
        on: { leave: 'both' },
      },
      both: {
        type: 'parallel',
        on: { back: 'first', leave: 'end' },
        states: {
          left: {
            initial: 'one',
            states: {
              one: {
                invoke: { id: 'b', src: 'step', input: { n: 1 }, onDone: 'two', onError: 'two' },
                after: { 50: 'two' },
              },
              two: { always: { guard: 'few', target: 'three', actions: 'counted' } },
              three: { type: 'final' },
              past: { type: 'history' },
            },
          },
          right: {
            initial: 'one',
            states: {
              one: { invoke: { id: 'c', src: 'step', input: { n: 2 }, onDone: 'two' }, on: { back: undefined } },
              two: { type: 'final' },
            },
          },
        },
        onDone: 'end',
      },
      end: { type: 'final', tags: ['failed'] },
    },
    output: ({ context }) => context.seen,
  });

const events: readonly MachineEvent[] = [
  stepDone('a', { n: 1 }),
  stepError('a', { message: 'no' }),
  stepDone('b', { n: 1 }),
  stepError('b', {}),
  stepDone('c', { n: 2 }),
  { type: 'leave' },
  { type: 'back' },
  { type: 'xstate.after.1000.(machine).first' },
  { type: 'unheard' },
];

/** What the engine is asked to do; the rest of an action is actors, which are inert, and of each call. */
const askedFor = z.object({
  type: z.string(),
  params: z
    .object({
      id: z.string().optional(),
      src: z.string().optional(),
      input: z.unknown().optional(),
      event: z.looseObject({ type: z.string() }).optional(),
      delay: z.number().optional(),
      sendId: z.string().optional(),
      systemId: z.string().optional(),
    })
    .optional(),
});

/** All that the engine takes from a transition. */
function told([snapshot, actions]: Transitioned) {
  const { value, context, status, output, error } = snapshot;
  const children = Object.keys(snapshot.children);
  const failed = error instanceof Error ? error.message : error;
  const asked = actions.map((action) => toJson(askedFor.parse(action)));
  return { value, context, status, output, failed, tags: [...snapshot.tags], children, asked };
}

function sameWay(machine: AnyStateMachine, count: number, given: readonly MachineEvent[]): void {
  const own = transitionsOf(machine);
  let [theirs] = initialTransition(machine, { count });
  let [ours] = own.initial({ count });
  expect(told(own.initial({ count }))).toEqual(told(initialTransition(machine, { count })));
  for (const event of given) {
    const expected: readonly [AnyMachineSnapshot, readonly unknown[]] = transition(machine, theirs, event);
    const answered = own.next(ours, event);
    expect(told(answered)).toEqual(told(expected));
    theirs = expected[0];
    ours = answered[0];
  }
}

test.each<[string, AnyStateMachine]>([
  ['one scope for all transitions', machineWith()],
  ['an actor with a systemId, which one scope cannot hold twice', machineWith('named')],
])('with %s, each transition is the one that XState’s pure functions give', (_what, machine) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 7 }),
      fc.array(fc.constantFrom(...events), { maxLength: 12 }),
      (count, given) => sameWay(machine, count, given),
    ),
    { numRuns: 300 },
  );
});

test('a machine that throws leaves nothing behind for the next transition', () => {
  const machine = setup({
    types: { context: {} as { n: number }, input: {} as { n: number } },
    actors: { step },
    guards: {
      bad: () => {
        throw new Error('as told');
      },
    },
  }).createMachine({
    context: ({ input }) => input,
    initial: 'a',
    states: {
      a: { invoke: { id: 'a', src: 'step', input: { n: 1 } }, on: { go: { guard: 'bad', target: 'b' }, stay: 'b' } },
      b: {},
    },
  });
  const own = transitionsOf(machine);
  const [snapshot] = own.initial({ n: 1 });
  expect(() => own.next(snapshot, { type: 'go' })).toThrow();
  expect(told(own.next(snapshot, { type: 'stay' }))).toEqual(told(transition(machine, snapshot, { type: 'stay' })));
});
