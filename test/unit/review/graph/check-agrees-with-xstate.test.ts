import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnyStateMachine, createMachine, type Snapshot } from 'xstate';
import { getAdjacencyMap } from 'xstate/graph';
import { z } from 'zod';
import { toJson } from '../../../../src/engine/model/json.ts';
import { reachableStates } from '../../../../src/review/check/reachable-states.ts';
import { statesWithoutEnd } from '../../../../src/review/check/states-without-end.ts';
import { statesIn } from '../../../../src/review/graph/follow-decisions.ts';
import { statesBelow } from '../../../../src/review/graph/machine-graph.ts';
import { readDefinition } from '../../../../src/review/graph/read-graph.ts';

interface StateShape {
  readonly kind: 'atomic' | 'final' | 'compound' | 'parallel';
  readonly children: readonly StateShape[];
  /** The neighbour that each of its events leads to. */
  readonly leads: readonly number[];
  readonly whenDone: number | null;
}

const { shape } = fc.letrec<{ shape: StateShape }>((tie) => ({
  shape: fc.oneof(
    { maxDepth: 3 },
    fc.record({
      kind: fc.constantFrom('atomic', 'atomic', 'final'),
      children: fc.constant([]),
      leads: fc.array(fc.nat(7), { maxLength: 2 }),
      whenDone: fc.constant(null),
    }),
    fc.record({
      kind: fc.constantFrom('compound', 'compound', 'parallel'),
      children: fc.array(tie('shape'), { minLength: 2, maxLength: 3 }),
      leads: fc.array(fc.nat(7), { maxLength: 1 }),
      whenDone: fc.option(fc.nat(7), { nil: null }),
    }),
  ),
}));

/** Returns a config without guards and with a different event for each transition, so that XState explores it deterministically. */
function configOf(children: readonly StateShape[]) {
  const events: string[] = [];
  const stateOf = (state: StateShape, neighbours: readonly StateShape[], isRegion: boolean): object => {
    /** A neighbour or, for every other number, the last state in it. */
    const to = (lead: number) => {
      const index = lead % neighbours.length;
      const inner = neighbours[index]?.children.length ?? 0;
      return lead % 2 === 1 && inner > 0 ? `s${index}.s${inner - 1}` : `s${index}`;
    };
    // A region is not left for another one, and is no end.
    const kind = isRegion && state.kind === 'final' ? 'atomic' : state.kind;
    const leads = isRegion || kind === 'final' ? [] : state.leads;
    const on = Object.fromEntries(
      leads.map((lead) => {
        const event = `e${events.length}`;
        events.push(event);
        return [event, to(lead)];
      }),
    );
    const onDone = state.whenDone === null || isRegion ? {} : { onDone: to(state.whenDone) };
    if (kind === 'final') return { type: 'final' };
    if (kind === 'atomic') return { on };
    return { ...inside(state.children, kind), on, ...onDone };
  };
  const inside = (states: readonly StateShape[], kind: 'compound' | 'parallel') => {
    const entries = states.map((state, index) => [`s${index}`, stateOf(state, states, kind === 'parallel')]);
    return { type: kind, states: Object.fromEntries(entries), ...(kind === 'compound' ? { initial: 's0' } : {}) };
  };
  return { config: inside(children, 'compound'), events };
}

test('every state that XState reaches is reachable, and no state without an end reaches one', () => {
  fc.assert(
    fc.property(fc.array(shape, { minLength: 2, maxLength: 4 }), (children) => {
      const { config, events } = configOf(children);
      const machine = createMachine(
        z.custom<Parameters<typeof createMachine>[0]>().parse({ ...config, options: { maxIterations: 100 } }),
      );
      const map = explored(machine, events);
      fc.pre(map !== undefined && Object.values(map).every(({ state }) => state.status !== 'error'));
      const snapshots = Object.values(map);
      const visited = new Set(snapshots.flatMap(({ state }) => [...statesIn(toJson(state.value))]));

      const { graph } = readDefinition({ name: 'x', version: '1', machine: { config: toJson(config) } });
      const reach = reachableStates(graph.root);
      // A compound state that is done at once is reachable, but in no snapshot.
      for (const id of visited) expect(reach.states).toContain(id);
      const withoutEnd = statesWithoutEnd(graph.root, reach).flat();
      for (const { state } of snapshots) {
        const stuck = [...statesIn(toJson(state.value))].filter((id) => withoutEnd.includes(id));
        if (stuck.length > 0) expect(endsFrom(map, state)).toBe(false);
      }
      const hasEnd = snapshots.some(({ state }) => state.status === 'done');
      if (!hasEnd) expect(withoutEnd).not.toEqual([]);
      expect(statesBelow(graph.root).map(({ id }) => id)).toEqual(expect.arrayContaining([...visited]));
    }),
    { numRuns: 200 },
  );
});

/** Returns the states that XState explores; undefined if the machine loops without an event, and XState throws. */
function explored(machine: AnyStateMachine, events: readonly string[]) {
  try {
    return getAdjacencyMap(machine, {
      events: events.map((type) => ({ type })),
      serializeState: (state) => keyOf(state),
    });
  } catch {
    return undefined;
  }
}

type Explored = NonNullable<ReturnType<typeof explored>>;

/** Returns whether XState reaches an end from this snapshot. */
function endsFrom(map: Explored, from: Snapshot<unknown>): boolean {
  const found = new Map(Object.values(map).map((place) => [keyOf(place.state), place]));
  const seen = new Set<string>();
  const open = [from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (state.status === 'done') return true;
    if (seen.has(keyOf(state))) continue;
    seen.add(keyOf(state));
    open.push(...leadsTo(found.get(keyOf(state))));
  }
  return false;
}

function keyOf(state: Snapshot<unknown>): string {
  return JSON.stringify([Reflect.get(state, 'value'), state.status]);
}

function leadsTo(place: Explored[keyof Explored] | undefined): readonly Snapshot<unknown>[] {
  return place === undefined ? [] : Object.values(place.transitions).map(({ state }) => state);
}
