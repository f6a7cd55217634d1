import { ancestorIds, type GraphState, type GraphTransition, statesBelow } from '../graph/machine-graph.ts';

/** The states that a run can reach, for any results of its guards. */
export interface Reach {
  /** Ids of the reachable states. */
  readonly states: ReadonlySet<string>;
  /** Whether a state can reach one of its final states; a parallel state, one in each region. */
  canBeDone(state: GraphState): boolean;
}

/**
 * Walks a machine from its initial states along all transitions: every guard may hold, every step may succeed or fail, every event may
 * occur. XState's own exploration (`xstate/graph`) runs the guards on a context, and so covers one input only.
 */
export function reachableStates(root: GraphState): Reach {
  const all = new Map(statesBelow(root).map((state) => [state.id, state]));
  const states = new Set<string>();
  const begun = new Set<string>();

  const begin = (id: string): void => {
    states.add(id);
    const state = all.get(id);
    if (begun.has(id) || state === undefined) return;
    begun.add(id);
    for (const child of firstOf(state, all)) begin(child);
  };
  /** Enters a target; one in a region of a parallel state also enters the other regions, unless the source is in the same region. */
  const enter = (target: string, source: string): void => {
    const way = [target, ...ancestorIds(target)];
    const origins = [source, ...ancestorIds(source)];
    for (const outer of way.slice(1)) {
      states.add(outer);
      const state = all.get(outer);
      if (state?.type !== 'parallel') continue;
      const entered = state.states.find(({ id }) => way.includes(id));
      if (entered !== undefined && origins.includes(entered.id)) continue;
      for (const region of state.states) if (region !== entered) begin(region.id);
    }
    begin(target);
  };
  const canBeDone = (state: GraphState): boolean => {
    if (state.type === 'parallel') return state.states.every(canBeDone);
    return state.states.some((child) => child.type === 'final' && states.has(child.id));
  };

  begin(root.id);
  const taken = new Set<GraphTransition>();
  for (let before = -1; before !== taken.size; ) {
    before = taken.size;
    // Also visits the states that are added meanwhile.
    for (const id of states) {
      const state = all.get(id);
      if (state === undefined) continue;
      for (const transition of takenTransitions(state)) {
        if (taken.has(transition) || (transition.trigger.type === 'state-done' && !canBeDone(state))) continue;
        taken.add(transition);
        for (const target of transition.targets) enter(target, id);
      }
    }
  }
  return { states, canBeDone };
}

/** Returns the transitions of a state without those after a candidate that is always taken. */
export function takenTransitions({ transitions }: GraphState): readonly GraphTransition[] {
  return transitions.filter((transition) => !isShadowed(transition, transitions));
}

/** Whether an earlier candidate for the same trigger has no guard, so that this one is never taken. */
export function isShadowed(transition: GraphTransition, all: readonly GraphTransition[]): boolean {
  if (transition.candidate === 0) return false;
  const trigger = JSON.stringify(transition.trigger);
  return all.some(
    (earlier) =>
      earlier.guard === null && earlier.candidate < transition.candidate && JSON.stringify(earlier.trigger) === trigger,
  );
}

/** Returns the states that are entered with a state; for a history state, any of its siblings. */
export function firstOf(state: GraphState, all: ReadonlyMap<string, GraphState>): readonly string[] {
  switch (state.type) {
    case 'compound':
      return state.initial === null ? [] : [state.initial];
    case 'parallel':
      return state.states.map(({ id }) => id);
    case 'history': {
      const [parent = ''] = ancestorIds(state.id);
      return (all.get(parent)?.states ?? []).flatMap(({ id, type }) => (type === 'history' ? [] : [id]));
    }
    default:
      return [];
  }
}
