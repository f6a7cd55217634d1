import { ancestorIds, type GraphState, type GraphTransition, statesBelow } from '../graph/machine-graph.ts';

/** What a run can come to, whatever its guards say. */
export interface Reach {
  /** Ids of the states that a run can be in. */
  readonly states: ReadonlySet<string>;
  /** Whether a state can come to a final state of its own, a parallel one in each of its regions. */
  canBeDone(state: GraphState): boolean;
}

/**
 * Walks a machine from its first states along all transitions. Every guard may hold, every step may succeed or fail, every
 * event may come. XState's own exploration (`xstate/graph`) runs the guards on a context, so that it finds what one input
 * leads to; here it is about all inputs.
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
  /** A target in one region of a parallel state also begins the others, unless the run comes from the same region. */
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
  for (let before = -1; before !== states.size + begun.size; ) {
    before = states.size + begun.size;
    for (const id of [...states]) {
      const state = all.get(id);
      if (state === undefined) continue;
      for (const transition of takenTransitions(state)) {
        if (transition.trigger.type === 'state-done' && !canBeDone(state)) continue;
        for (const target of transition.targets) enter(target, id);
      }
    }
  }
  return { states, canBeDone };
}

/** The transitions of a state without those that stand behind one that is taken whatever happens. */
export function takenTransitions({ transitions }: GraphState): readonly GraphTransition[] {
  return transitions.filter((transition) => !isShadowed(transition, transitions));
}

/** Whether an earlier candidate for the same trigger has no guard, so that this one is never asked. */
export function isShadowed(transition: GraphTransition, all: readonly GraphTransition[]): boolean {
  const trigger = JSON.stringify(transition.trigger);
  return all.some(
    (earlier) =>
      earlier.guard === null && earlier.candidate < transition.candidate && JSON.stringify(earlier.trigger) === trigger,
  );
}

/** What is entered with a state. A history state stands for any of its neighbours. */
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
