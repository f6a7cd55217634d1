/** A machine as it is drawn: its states in the order of the file, each with its steps and transitions. */
export interface MachineGraph {
  readonly workflow: string;
  readonly version: string;
  /** The machine itself; its `states` are the stages and the final states. */
  readonly root: GraphState;
}

export type StateType = 'atomic' | 'compound' | 'parallel' | 'final' | 'history';

export interface GraphState {
  /** Its path, as in the journal's state values, joined by dots; empty for the root. */
  readonly id: string;
  readonly name: string;
  readonly type: StateType;
  /** Id of the child that is entered first; null where there is none, or where all children are (parallel). */
  readonly initial: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly steps: readonly GraphStep[];
  readonly transitions: readonly GraphTransition[];
  readonly states: readonly GraphState[];
}

export interface GraphStep {
  /** The id under which the machine invokes it. */
  readonly invoke: string;
  /** Name of the actor in the machine's `setup`. */
  readonly actor: string;
  /** Kind of the step runner, e.g. `docker.network`; null where the definition does not tell. */
  readonly kind: string | null;
}

/** What makes a machine take a transition. */
export type Trigger =
  | { readonly type: 'done' | 'error'; readonly step: string }
  /** The state itself has come to a final state (a parallel one: in each of its regions). */
  | { readonly type: 'state-done' }
  /** The name of the delay, or milliseconds. */
  | { readonly type: 'after'; readonly delay: string }
  | { readonly type: 'always' }
  | { readonly type: 'event'; readonly event: string };

export interface GraphTransition {
  /** Counts the transitions of the machine: two graphs of one definition have the same numbers. */
  readonly number: number;
  readonly source: string;
  readonly trigger: Trigger;
  /** Its place among the candidates for one trigger: the first whose guard holds is taken. */
  readonly candidate: number;
  /** Ids of states; empty where the machine stays where it is. */
  readonly targets: readonly string[];
  readonly guard: string | null;
}

/** A state and all below it, outermost first. */
export function statesBelow(state: GraphState): readonly GraphState[] {
  return [state, ...state.states.flatMap(statesBelow)];
}

/** The ids of the states that hold this one, innermost first; the last is the root's. */
export function ancestorIds(id: string): readonly string[] {
  if (id === '') return [];
  const parent = id.split('.').slice(0, -1).join('.');
  return [parent, ...ancestorIds(parent)];
}

/** Whether a state lies in another one, at any depth. */
export function isInside(id: string, outer: string): boolean {
  return id !== outer && (outer === '' || id.startsWith(`${outer}.`));
}
