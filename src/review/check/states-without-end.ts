import { ancestorIds, type GraphState, type GraphTransition, isInside, statesBelow } from '../graph/machine-graph.ts';
import { firstOf, type Reach, takenTransitions } from './reachable-states.ts';

/** The end of the run, among the ids of states. */
const END = Symbol('end');
type Place = string | typeof END;

/**
 * Returns the states from which a run never ends, in groups that lead only to each other; a group of one is never left. States that lead
 * into such a group are not included. Guards may hold, events may occur, steps succeed; each region of a parallel state is separate.
 */
export function statesWithoutEnd(root: GraphState, reach: Reach): readonly (readonly string[])[] {
  const all = new Map(statesBelow(root).map((state) => [state.id, state]));
  const innermost = [...all.values()].filter(
    ({ id, type, states }) => reach.states.has(id) && states.length === 0 && type !== 'history',
  );
  const parallel = [...all.values()].filter(({ type }) => type === 'parallel');
  const exits: Exits = new Map(parallel.map((state) => [state.id, leaving(state, reach)]));
  const next = new Map<string, ReadonlySet<Place>>(
    innermost.map((state) => [state.id, placesAfter(state, all, exits, reach)]),
  );
  const ending = placesBeforeEnd(next);
  const stuck = innermost.map(({ id }) => id).filter((id) => !ending.has(id));
  const reachedFrom = new Map(stuck.map((id) => [id, placesFrom(id, next)]));
  const groups = new Map<string, readonly string[]>();
  for (const id of stuck) {
    const onward = [...(reachedFrom.get(id) ?? [])].filter((place) => typeof place === 'string');
    if (!onward.every((other) => reachedFrom.get(other)?.has(id))) continue;
    const group = [...new Set([id, ...onward])].toSorted();
    groups.set(group.join('\n'), group);
  }
  return [...groups.values()];
}

/** The transitions inside each parallel state that leave it. */
type Exits = ReadonlyMap<string, readonly GraphTransition[]>;

/** Returns the innermost states that may follow this one, or the end. */
function placesAfter(
  state: GraphState,
  all: ReadonlyMap<string, GraphState>,
  exits: Exits,
  reach: Reach,
): ReadonlySet<Place> {
  const places = new Set<Place>();
  for (const holder of [state.id, ...ancestorIds(state.id)].flatMap((id) => all.get(id) ?? [])) {
    const isDone = completes(state, holder, all) && reach.canBeDone(holder);
    if (isDone && holder.id === '') places.add(END);
    const usable = takenTransitions(holder).filter(({ trigger }) => trigger.type !== 'state-done' || isDone);
    const done = usable.filter(({ trigger }) => trigger.type === 'state-done');
    // A state that is done is left at once, before any event; only a region waits for the others.
    const atOnce = holder.type !== 'parallel' && done.some(({ guard }) => guard === null);
    const own = atOnce ? done : usable;
    const transitions = [...own, ...(exits.get(holder.id) ?? [])];
    for (const target of transitions.flatMap(({ targets }) => targets)) {
      for (const place of innermostOf(target, all)) places.add(place);
    }
    if (atOnce) break;
  }
  return places;
}

/** Returns the transitions inside a parallel state that leave it, with all of its regions. */
function leaving(parallel: GraphState, reach: Reach): readonly GraphTransition[] {
  return statesBelow(parallel)
    .filter(({ id }) => id !== parallel.id && reach.states.has(id))
    .flatMap((state) =>
      takenTransitions(state).filter(({ trigger }) => trigger.type !== 'state-done' || reach.canBeDone(state)),
    )
    .filter(({ targets }) => targets.some((id) => !isInside(id, parallel.id)));
}

/** Whether this final state completes `holder`. */
function completes(state: GraphState, holder: GraphState, all: ReadonlyMap<string, GraphState>): boolean {
  if (state.type !== 'final') return false;
  const [parent = '', ...outer] = ancestorIds(state.id);
  if (parent === holder.id) return true;
  const between = outer.slice(0, outer.indexOf(holder.id) + 1);
  return between.length > 0 && between.every((id) => all.get(id)?.type === 'parallel');
}

function innermostOf(
  id: string,
  all: ReadonlyMap<string, GraphState>,
  seen: readonly string[] = [],
): readonly string[] {
  const state = all.get(id);
  if (state === undefined || seen.includes(id)) return [];
  const first = firstOf(state, all);
  return first.length === 0 ? [id] : first.flatMap((inner) => innermostOf(inner, all, [...seen, id]));
}

/** Returns the end and the places from which a way leads to it. */
function placesBeforeEnd(next: ReadonlyMap<string, ReadonlySet<Place>>): ReadonlySet<Place> {
  const found = new Set<Place>([END]);
  // Backwards, as most transitions lead onwards in the file.
  const backwards = [...next].toReversed();
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [place, after] of backwards) {
      if ([...after].some((other) => found.has(other))) found.add(place);
    }
  }
  return found;
}

function placesFrom(id: string, next: ReadonlyMap<string, ReadonlySet<Place>>): ReadonlySet<Place> {
  const found = new Set<Place>();
  const open: Place[] = [id];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (place === END) continue;
    for (const after of next.get(place) ?? []) {
      if (found.has(after)) continue;
      found.add(after);
      open.push(after);
    }
  }
  return found;
}
