import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  assign,
  emit,
  initialTransition,
  raise,
  setup,
  transition,
} from 'xstate';
import { z } from 'zod';
import { stepDone, stepError } from '../../src/engine/decide.ts';
import { defineStep } from '../../src/engine/define-step.ts';
import type { MachineEvent } from '../../src/engine/journal-event.ts';
import { toJson } from '../../src/engine/json.ts';
import { parseAction } from '../../src/engine/machine-action.ts';
import { transitionsOf } from '../../src/engine/transition.ts';

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
  guards: { few: ({ context }) => context.count < 6, none: ({ context }) => context.count === 0 },
  actions: {
    counted: assign({
      count: ({ context }) => context.count + 1,
      seen: ({ context, event }) => [...context.seen, event.type],
    }),
    /** Makes no difference most of the time. */
    leapt: assign({ count: ({ context }) => (context.count === 3 ? 100 : context.count) }),
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

/**
 * What makes a course a fixed one, and what keeps it from being one though it mostly makes no difference; no history, with which no
 * course is fixed.
 */
const machineOfCourses = () =>
  createMachine({
    context: ({ input }) => ({ count: input.count, seen: [] }),
    initial: 'first',
    on: { 'le.*': '.second' },
    states: {
      first: {
        id: 'first',
        tags: ['begun'],
        invoke: [
          {
            id: 'a',
            src: 'step',
            input: ({ context, event }) => ({ n: context.count + event.type.length }),
            onDone: {
              target: 'second',
              actions: ['counted', assign({ seen: ({ self, system }) => [typeof self.id, typeof system] })],
            },
            onError: {
              target: 'first',
              reenter: true,
              actions: assign(({ context }) => ({ count: context.count + 1 })),
            },
          },
          { id: 'd', src: 'step', input: { n: 4 }, onDone: { actions: 'counted' } },
        ],
        on: { leave: [{ guard: 'few', target: 'second' }, { target: 'other' }], back: 'both', stay: '#aside' },
      },
      second: {
        initial: 'one',
        onDone: [{ guard: 'few', target: 'both' }, { target: 'other' }],
        states: {
          one: {
            invoke: { id: 'b', src: 'step', input: { n: 1 }, onDone: 'two', onError: 'timed' },
            on: { back: 'watched', leave: 'noted', go: 'guarded', stay: 'left', finish: 'three' },
          },
          two: { always: [{ guard: 'few', target: 'one' }, { target: 'three' }] },
          timed: { after: { 50: 'one' }, on: { leave: 'noted', back: { actions: raise({ type: 'leave' }) } } },
          noted: { entry: 'leapt', on: { back: 'left', leave: '#other' } },
          left: { exit: 'leapt', on: { back: 'told', leave: '#first' } },
          told: { exit: emit({ type: 'told' }), on: { back: 'one', leave: '#both' } },
          watched: { always: { guard: 'none', target: 'noted' }, on: { back: 'one', leave: 'guarded' } },
          guarded: { on: { '*': { guard: 'few', target: 'one' }, back: 'three' } },
          three: { type: 'final' },
        },
      },
      both: {
        id: 'both',
        type: 'parallel',
        onDone: 'other',
        on: { leave: 'other' },
        states: {
          left: {
            initial: 'one',
            states: {
              one: {
                invoke: { id: 'e', src: 'step', input: { n: 5 }, onDone: { target: 'two', actions: 'counted' } },
                on: { back: 'two' },
              },
              two: { on: { back: 'end' } },
              end: { type: 'final' },
            },
          },
          right: {
            initial: 'one',
            states: {
              one: {
                invoke: { id: 'c', src: 'step', input: ({ context }) => ({ n: context.count }), onDone: 'two' },
                on: { back: { target: 'between', actions: 'leapt' } },
              },
              between: { on: { back: 'two' } },
              two: { type: 'final' },
            },
          },
        },
      },
      other: {
        id: 'other',
        initial: { target: 'in', actions: 'leapt' },
        states: { in: { on: { leave: '#end', back: '#first' } } },
      },
      /** Entered by a state of one of its parts, which leaves the other to its first one. */
      parted: {
        type: 'parallel',
        on: { leave: 'first' },
        states: {
          part: { initial: 'in', states: { in: {}, aside: { id: 'aside' } } },
          other: { initial: 'on', states: { on: { always: { guard: 'few', target: 'off' } }, off: {} } },
        },
      },
      end: { id: 'end', type: 'final', tags: ['failed'] },
    },
  });

const events: readonly MachineEvent[] = [
  stepDone('a', { n: 1 }),
  stepError('a', { message: 'no' }),
  stepDone('b', { n: 1 }),
  stepError('b', {}),
  stepDone('c', { n: 2 }),
  stepDone('d', { n: 4 }),
  stepDone('e', { n: 5 }),
  { type: 'leave' },
  { type: 'go' },
  { type: 'stay' },
  { type: 'finish' },
  { type: 'back' },
  { type: 'xstate.after.1000.(machine).first' },
  { type: 'xstate.after.50.(machine).second.timed' },
];

/** All that the engine takes from a transition. */
function told([snapshot, actions]: readonly [AnyMachineSnapshot, readonly unknown[]]) {
  const { value, context, status, output, error } = snapshot;
  const children = Object.keys(snapshot.children);
  const failed = error instanceof Error ? error.message : error;
  const asked = actions.map((action) => toJson(parseAction(action)));
  return { value, context, status, output, failed, tags: [...snapshot.tags], children, asked };
}

/** Goes through the machine by events that mean something to it, as the choices say, and now and then one that does not. */
function sameWay(machine: AnyStateMachine, count: number, choices: readonly number[]): void {
  const own = transitionsOf(machine);
  let [theirs] = initialTransition(machine, { count });
  let [ours] = own.initial({ count });
  expect(told(own.initial({ count }))).toEqual(told(initialTransition(machine, { count })));
  for (const choice of choices) {
    const heard = events.filter((event) => theirs.can(event));
    const event = heard[choice % (heard.length + 1)] ?? events[choice % events.length] ?? { type: 'unheard' };
    // A machine that has ended is asked nothing any more.
    if (theirs.status !== 'active') return;
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
  ['courses that are fixed and others', machineOfCourses()],
])('with %s, each transition is the one that XState’s pure functions give', (_what, machine) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7 }), fc.array(fc.nat(), { maxLength: 40 }), (count, choices) =>
      sameWay(machine, count, choices),
    ),
    { numRuns: 800 },
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

type Scope = { readonly context: { readonly count: number } };

/**
 * Three states in a row; counts how often XState is asked.
 * @param input of the second one's step
 * @param count what is added to the context on the way to it
 * @param beside other states of the machine
 */
function chainOf(
  input: (scope: Scope) => { n: number },
  count: (scope: Scope) => number = ({ context }) => context.count + 1,
  beside: object = {},
) {
  const machine: AnyStateMachine = createMachine({
    context: ({ input }) => ({ count: input.count, seen: [] }),
    initial: 'one',
    states: {
      one: { invoke: { id: 'a', src: 'step', input: { n: 1 }, onDone: { target: 'two', actions: assign({ count }) } } },
      two: { invoke: { id: 'b', src: 'step', input, onDone: 'end' } },
      end: { type: 'final' },
      ...beside,
    },
  });
  const asked = { count: 0 };
  const { transition: next, getInitialSnapshot: first } = machine;
  machine.transition = (...given) => {
    asked.count += 1;
    return next(...given);
  };
  machine.getInitialSnapshot = (...given) => {
    asked.count += 1;
    return first(...given);
  };
  return { own: transitionsOf(machine), machine, asked };
}

function goThrough({ own, machine }: ReturnType<typeof chainOf>, count: number) {
  const given = [stepDone('a', { n: count }), stepDone('b', { n: count })];
  let [snapshot] = own.initial({ count });
  let [theirs] = initialTransition(machine, { count });
  for (const event of given) {
    const expected = transition(machine, theirs, event);
    const answered = own.next(snapshot, event);
    expect(told(answered)).toEqual(told(expected));
    [snapshot] = answered;
    [theirs] = expected;
  }
}

test.each([
  ['once', {}, [9, 6, 6, 6]],
  ['twice in a machine where others are not fixed', { other: { entry: 'counted' } }, [9, 9, 6, 6]],
])('XState is asked for a fixed course %s, and what is each run’s own stays its own', (_often, beside, expected) => {
  const chain = chainOf(({ context }) => ({ n: context.count }), undefined, beside);
  const asked: number[] = [];
  for (const count of [1, 2, 3, 4]) {
    chain.asked.count = 0;
    goThrough(chain, count);
    asked.push(chain.asked.count);
  }
  expect(asked).toEqual(expected);
});

const called = () => {
  let calls = 0;
  return () => ++calls;
};
const sometimes = called();

test.each([
  ['an input', chainOf(() => ({ n: sometimes() }))],
  ['an assignment', chainOf(() => ({ n: 1 }), called())],
])('a course on which following comes to %s other than XState’s is left to XState', (_what, chain) => {
  for (const count of [1, 2, 3, 4]) {
    let [snapshot] = chain.own.initial({ count });
    chain.asked.count = 0;
    [snapshot] = chain.own.next(snapshot, stepDone('a', { n: 1 }));
    expect(chain.asked.count).toBe(1);
    expect(snapshot.value).toBe('two');
  }
});

test('what a function on a fixed course throws is told as XState tells it', () => {
  let fails = false;
  const chain = chainOf(({ context }) => {
    if (fails) throw new Error('as told');
    return { n: context.count };
  });
  for (const count of [1, 2, 3]) goThrough(chain, count);
  const [snapshot] = chain.own.initial({ count: 1 });
  fails = true;
  expect(() => chain.own.next(snapshot, stepDone('a', { n: 1 }))).toThrow('as told');
  fails = false;
  goThrough(chain, 5);
});

test('the output is worked out for each run', () => {
  const machine: AnyStateMachine = createMachine({
    context: ({ input: { count } }) => ({ count, seen: [] }),
    initial: 'one',
    states: { one: { on: { go: 'end' } }, end: { type: 'final' } },
    output: ({ context }) => context.count,
  });
  const own = transitionsOf(machine);
  for (const count of [7, 7, 8]) {
    const [snapshot] = own.initial({ count });
    expect(own.next(snapshot, { type: 'go' })[0].output).toBe(count);
  }
});

test('events that only a wildcard takes are not remembered', () => {
  const machine: AnyStateMachine = createMachine({
    context: { count: 0, seen: [] },
    initial: 'one',
    states: { one: { on: { '*': { actions: assign({ count: 1 }) } } } },
  });
  const own = transitionsOf(machine);
  const { transition: next } = machine;
  let asked = 0;
  machine.transition = (...given) => {
    asked += 1;
    return next(...given);
  };
  const [snapshot] = own.initial({});
  for (let time = 0; time < 4; time += 1) own.next(snapshot, { type: 'any' });
  expect(asked).toBe(4);
});

const ACTIONS = [
  { type: 'xstate.spawnChild', params: { id: 'a', src: 'step', input: { n: 1 } } },
  { type: 'xstate.stopChild', params: { id: 'a' } },
  { type: 'xstate.raise', params: { event: { type: 'LATE', by: 2 }, id: 'a', delay: 5 } },
  { type: 'xstate.cancel', params: { sendId: 'a' } },
  { type: 'xstate.log', params: { value: ['said'] } },
  { type: 'xstate.emit', params: { event: { type: 'SEEN', n: 1 } } },
];

test.each(ACTIONS)('of an action $type nothing is lost but what is of no interest to an engine', ({ type, params }) => {
  expect(parseAction({ type, params: { ...params, more: 1 }, info: {}, exec: () => {} })).toEqual({ type, params });
});

test.each([
  { type: 'xstate.sendTo', params: {} },
  { type: 'xstate.spawnChild', params: { id: 'a', src: () => {} } },
  { type: 'xstate.stopChild', params: { id: () => 'a' } },
  { type: 'xstate.raise', params: { event: { type: 'LATE' }, delay: Number.NaN } },
  { type: 'xstate.raise', params: { event: 'LATE' } },
  { type: 'xstate.cancel', params: {} },
  { type: 'xstate.emit', params: {} },
  { type: 'xstate.log' },
])('an action that wf does not know is refused: %j', (action) => {
  expect(() => parseAction(action)).toThrow(`wf does not know: ${action.type}`);
});
