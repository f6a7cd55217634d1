import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type AnyStateMachine, assign, cancel, createActor, raise, setup } from 'xstate';
import { z } from 'zod';
import { describeDefinition } from '../../src/definition/describe.ts';
import { rehearse } from '../../src/engine/machine/rehearse.ts';
import type { JournalEntry } from '../../src/engine/model/journal-event.ts';
import type { StoredRun } from '../../src/engine/ports/history.ts';
import type { RunHandle, RunResult } from '../../src/engine/run/engine.ts';
import { defineStep } from '../../src/engine/workflow/define-step.ts';
import { ownProcess } from '../../src/host/processes/process.ts';
import { storedRun } from '../fixtures/history/stored-run.ts';
import { type FolderHost, loaded, openFolderHost } from '../support/in-process/folder-host.ts';
import { type SimulatedClock, simulatedClock } from '../support/in-process/simulated-clock.ts';
import { EVERY_CASE } from '../support/rotation.ts';

/** Each run of the tests tries other machines. */
const MACHINES = EVERY_CASE ? 40 : 15;

const GUARDS = ['none', 'never', 'odd'] as const;
const EVENTS = ['one', 'two'] as const;

/** The behaviour of one state of a region. */
interface State {
  /** Delayed transitions: to another state of the region, to the same one again, or without a target. */
  readonly after: readonly { readonly delayMs: number; readonly guard: Guard; readonly to: number | 'again' | null }[];
  /** Delayed events that are raised when the state is entered. */
  readonly raises: readonly { readonly delayMs: number; readonly event: Event; readonly id: string | null }[];
  readonly on: readonly { readonly event: Event; readonly guard: Guard; readonly to: number | null }[];
  /** The id that is cancelled when the state is left. */
  readonly cancels: string | null;
  readonly invokes: boolean;
}
type Guard = (typeof GUARDS)[number];
type Event = (typeof EVENTS)[number];
type Regions = readonly (readonly State[])[];

// Few distinct delays, so that many fall due at the same time.
const delay = fc.constantFrom(1, 10, 10, 20, 30, 50);
const id = fc.constantFrom(null, null, 'x', 'y');
const guard = fc.constantFrom(...GUARDS);
const event = fc.constantFrom(...EVENTS);

function regions(choices: { readonly cancels: boolean; readonly invokes: boolean }): fc.Arbitrary<Regions> {
  const state = fc.record<State>({
    after: fc.uniqueArray(
      fc.record({ delayMs: delay, guard, to: fc.oneof(fc.nat(2), fc.constantFrom('again' as const, null)) }),
      { maxLength: 3, selector: ({ delayMs }) => delayMs },
    ),
    raises: fc.array(fc.record({ delayMs: delay, event, id }), { maxLength: 3 }),
    on: fc.uniqueArray(fc.record({ event, guard, to: fc.option(fc.nat(2)) }), { selector: (one) => one.event }),
    cancels: choices.cancels ? id : fc.constant(null),
    invokes: choices.invokes ? fc.boolean() : fc.constant(false),
  });
  return fc.array(fc.array(state, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
}

const step = defineStep({
  kind: 'test.step',
  description: 'does nothing',
  input: z.object({}),
  output: z.object({}),
  commands: () => [],
  rehearse: () => ({}),
  read: async () => ({}),
});

const LOGGED = 8;

/** Logs each taken event in the context. After `LOGGED` events no state is entered, so every run becomes idle. */
function machineOf(all: Regions): AnyStateMachine {
  const definition = setup({
    types: { context: {} as { log: string[] } },
    actors: { step },
    guards: {
      none: () => true,
      never: () => false,
      odd: ({ context }) => context.log.length % 2 === 1,
      may: ({ context }, { also }: { also: string }) =>
        context.log.length < LOGGED && also !== 'never' && (also !== 'odd' || context.log.length % 2 === 1),
    },
    actions: { logged: assign({ log: ({ context, event: taken }) => [...context.log, taken.type] }) },
  });
  const regionOf = (states: readonly State[], region: number) => ({
    initial: 's0',
    states: Object.fromEntries(
      states.map((state, index) => [`s${index}`, stateOf(state, `r${region}s${index}`, states)]),
    ),
  });
  const stateOf = (state: State, name: string, { length }: readonly State[]): object => {
    const way = (to: number | 'again' | null, also: Guard, own: string) =>
      to === null
        ? { guard: also, actions: 'logged' }
        : {
            guard: { type: 'may', params: { also } },
            target: to === 'again' ? own : `s${to % length}`,
            reenter: true,
            actions: 'logged',
          };
    const own = name.slice(2);
    return {
      entry: state.raises.map((one) =>
        raise({ type: one.event }, { delay: one.delayMs, ...(one.id === null ? {} : { id: one.id }) }),
      ),
      exit: state.cancels === null ? [] : [cancel(state.cancels)],
      after: Object.fromEntries(state.after.map(({ delayMs, guard: also, to }) => [delayMs, way(to, also, own)])),
      on: Object.fromEntries(state.on.map((one) => [one.event, way(one.to, one.guard, own)])),
      ...(state.invokes ? { invoke: { id: name, src: 'step', input: {} } } : {}),
    };
  };
  return definition.createMachine({
    context: { log: [] },
    initial: 'all',
    states: {
      all: {
        type: 'parallel',
        states: Object.fromEntries(all.map((states, region) => [`r${region}`, regionOf(states, region)])),
      },
    },
  });
}

const hosts: FolderHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.close();
});

function hostAt(clock: SimulatedClock): FolderHost {
  // Every earlier owner of a run is dead.
  const host = openFolderHost(clock, () => false);
  hosts.push(host);
  return host;
}

const workflowOf = (machine: AnyStateMachine) =>
  loaded({ name: 'timers', version: '1', description: '', input: z.object({}), machine });

interface Ran {
  readonly header: StoredRun;
  readonly entries: readonly JournalEntry[];
}

/** Advances time whenever the run waits, until it waits only for events. */
async function toRest(
  host: FolderHost,
  clock: SimulatedClock,
  begin: (committed: (entry: JournalEntry) => void) => Promise<RunHandle>,
): Promise<Ran> {
  let last = '';
  const handle = await begin((entry) => {
    last = entry.event.type;
  });
  let result: RunResult | undefined;
  void handle.result.then((stopped) => {
    result = stopped;
  });
  for (let turn = 0; result === undefined; turn += 1) {
    if (turn > 50_000) throw new Error('the run does not come to rest');
    await new Promise((resolve) => setImmediate(resolve));
    if (last === 'waiting' && clock.step()) last = '';
  }
  const header = storedRun(host.history, handle.id);
  return { header, entries: host.history.journal(handle.id) };
}

function uninterrupted(machine: AnyStateMachine): Promise<Ran> {
  const clock = simulatedClock();
  const host = hostAt(clock);
  return toRest(host, clock, (committed) => host.start(workflowOf(machine), {}, {}, { committed }));
}

/** Resumes, after `downMs`, a run that was killed when its journal had these entries. */
function resumed(machine: AnyStateMachine, { header }: Ran, left: readonly JournalEntry[], downMs = 0): Promise<Ran> {
  const clock = simulatedClock((left.at(-1)?.at ?? header.createdAt) + downMs);
  const host = hostAt(clock);
  const workflow = workflowOf(machine);
  const definition = describeDefinition(workflow, workflow.model);
  const lease = host.history.create(header, definition.description, ownProcess(), [], header.createdAt);
  for (const { event: one, at } of left) host.history.append(lease, { events: [one] }, at);
  const request = { run: header.id, workflow, definition, acceptChanges: false, pauseAfter: null };
  return toRest(host, clock, (committed) => host.engine.resume(request, { committed }));
}

/** The events that the machine saw, with their times. */
function seen({ header, entries }: Ran) {
  return entries.flatMap(({ at, event: one }) =>
    one.type === 'decided' ? [{ at: at - header.createdAt, event: one.event, timer: one.timer, value: one.value }] : [],
  );
}

const firedIn = (entries: readonly JournalEntry[]) =>
  entries.flatMap(({ event: one }) => (one.type === 'decided' && one.timer !== undefined ? [one.timer] : []));
const setIn = (entries: readonly JournalEntry[]) =>
  entries.flatMap(({ event: one }) =>
    one.type === 'decided' ? one.effects.flatMap((effect) => (effect.type === 'set-timer' ? [effect.timer] : [])) : [],
  );

/** Every entry after which a process may be killed: a step's outcome is committed with the decision that it leads to. */
function cutsOf(entries: readonly JournalEntry[]): readonly number[] {
  return entries.flatMap(({ event: { type } }, index) => (type === 'step.succeeded' ? [] : [index + 1]));
}

describe('the timers of a random machine', () => {
  test('fire as in XState itself', async () => {
    await fc.assert(
      fc.asyncProperty(regions({ cancels: false, invokes: false }), async (all) => {
        const machine = machineOf(all);
        const clock = simulatedClock();
        const begun = clock.now();
        const expected: object[] = [];
        const actor = createActor(machine, {
          clock: {
            setTimeout: (callback, delayMs) => clock.after(delayMs, () => callback()),
            clearTimeout: (stop: () => void) => stop(),
          },
          inspect: (event) => {
            if (event.type === '@xstate.snapshot' && 'value' in event.snapshot) {
              expected.push({ at: clock.now() - begun, type: event.event.type, value: event.snapshot.value });
            }
          },
        });
        actor.start();
        while (clock.step());
        const ran = await uninterrupted(machine);
        const own = seen(ran).map(({ at, event: one, value }) => ({ at, type: one?.type ?? 'xstate.init', value }));
        expect(own).toEqual(expected);
        for (const host of hosts.splice(0)) host.close();
      }),
      { numRuns: MACHINES },
    );
  }, 120_000);

  test('fire at most once, and a killed run sees the same events as an undisturbed one', async () => {
    await fc.assert(
      fc.asyncProperty(
        regions({ cancels: true, invokes: true }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
        async (all, kills) => {
          const machine = machineOf(all);
          const whole = await uninterrupted(machine);
          let ran = whole;
          for (const kill of kills) {
            const cuts = cutsOf(ran.entries);
            ran = await resumed(machine, ran, ran.entries.slice(0, cuts[kill % cuts.length]));
            expect(seen(ran)).toEqual(seen(whole));
          }
          const fired = firedIn(ran.entries);
          expect(new Set(fired).size).toBe(fired.length);
          const set = setIn(ran.entries);
          expect(new Set(set).size).toBe(set.length);
          for (const host of hosts.splice(0)) host.close();
        },
      ),
      { numRuns: MACHINES },
    );
  }, 240_000);
});

const timers = (config: object): AnyStateMachine =>
  setup({}).createMachine({ initial: 'only', states: { only: config } });

test.each([
  ['a delayed transition without a target', { after: { 1000: { actions: [] } } }],
  ['a delayed transition whose guard is false', { after: { 1000: { guard: () => false, target: 'only' } } }],
  ['a delayed event', { entry: raise({ type: 'late' }, { delay: 1000 }) }],
])('%s fires once, and not again after a resume', async (_what, config) => {
  const machine = timers(config);
  const whole = await uninterrupted(machine);
  expect(firedIn(whole.entries)).toHaveLength(1);
  const again = await resumed(machine, whole, whole.entries);
  expect(firedIn(again.entries)).toHaveLength(1);
});

test('delayed events of one type that are raised together all fire, in the order of their deadlines', async () => {
  const machine = setup({ types: { events: {} as { type: 'late'; which: string } } }).createMachine({
    entry: [
      raise({ type: 'late', which: 'second' }, { delay: 20 }),
      raise({ type: 'late', which: 'first' }, { delay: 10 }),
      raise({ type: 'late', which: 'third' }, { delay: 30, id: 'same' }),
      raise({ type: 'late', which: 'fourth' }, { delay: 40, id: 'same' }),
    ],
    initial: 'only',
    states: { only: {} },
  });
  const ran = await uninterrupted(machine);
  expect(seen(ran).flatMap(({ event: one }) => (one === null ? [] : [one['which']]))).toEqual([
    'first',
    'second',
    'third',
    'fourth',
  ]);
});

test('deadlines that passed without a process fire at once and in order, and later ones on time', async () => {
  const machine = timers({
    after: { 3000: { actions: [] }, 1000: { actions: [] }, 2000: { actions: [] }, 90000: { actions: [] } },
  });
  const whole = await uninterrupted(machine);
  const first = whole.entries.filter(({ at }) => at === whole.header.createdAt);
  const late = await resumed(machine, whole, first, 60_000);
  const delays = seen(late)
    .slice(1)
    .map(({ at, event: one }) => [at, one?.type.split('.')[2]]);
  expect(delays).toEqual([
    [60_000, '1000'],
    [60_000, '2000'],
    [60_000, '3000'],
    [90_000, '90000'],
  ]);
});

test.each([
  ['only waits for a while', { after: { 60000: { actions: [] } } }],
  ['waits repeatedly for an event', { after: { 1000: { target: 'only', reenter: true } } }],
  ['raises a delayed event', { entry: raise({ type: 'late' }, { delay: 5 }) }],
])('a dry run of a machine that %s ends', (_what, config) => {
  expect(rehearse(workflowOf(timers(config)), {}, () => 0)).toEqual([]);
});
