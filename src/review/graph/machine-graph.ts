import { onHostName } from '../../engine/model/on-host-name.ts';

/** A machine for drawing: its states in the order of the file, each with its steps and transitions. */
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
  /** Id of the initial child; null if there is none, or all children are entered (parallel). */
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
  /** Kind of the step runner, e.g. `docker.network`; null if the definition does not have it. */
  readonly kind: string | null;
  /** The named host that it works on; absent for the run's own. */
  readonly host?: string | undefined;
  /** The steps of the child workflow that it is, with its id before theirs; absent for a step. */
  readonly steps?: readonly GraphStep[];
}

/** The trigger of a transition. */
export type Trigger =
  | { readonly type: 'done' | 'error'; readonly step: string }
  /** The state has reached a final state (a parallel one: in each region). */
  | { readonly type: 'state-done' }
  /** `delay`: a name, or milliseconds. */
  | { readonly type: 'after'; readonly delay: string }
  | { readonly type: 'always' }
  | { readonly type: 'event'; readonly event: string };

export interface GraphTransition {
  /** Number of the transition in its machine, the same in each graph of one definition. */
  readonly number: number;
  readonly source: string;
  readonly trigger: Trigger;
  /** Its position among the candidates for one trigger: the first one whose guard holds is taken. */
  readonly candidate: number;
  /** Ids of states; empty if the machine stays in its state. */
  readonly targets: readonly string[];
  readonly guard: string | null;
}

/** Returns the kind of a step for people, with its named host: `alpha: docker.network`. */
export function kindOnHost({ kind, actor, host }: GraphStep): string {
  return kind === null ? actor : onHostName(host, kind);
}

/** Returns the steps of a state, those of a child workflow after it. */
export function stepsIn({ steps = [] }: { readonly steps?: readonly GraphStep[] }): readonly GraphStep[] {
  return steps.flatMap((step) => [step, ...stepsIn(step)]);
}

/** Returns a state and all states in it, outermost first. */
export function statesBelow(state: GraphState): readonly GraphState[] {
  return [state, ...state.states.flatMap(statesBelow)];
}

/** Returns the ids of the ancestors of a state, innermost first, up to the root. */
export function ancestorIds(id: string): readonly string[] {
  const ids: string[] = [];
  for (let outer = id; outer !== ''; ids.push(outer)) outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')));
  return ids;
}

/** Whether a state is inside another one, at any depth. */
export function isInside(id: string, outer: string): boolean {
  return id !== outer && (outer === '' || id.startsWith(`${outer}.`));
}
