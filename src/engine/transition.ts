import {
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  initialTransition,
  transition,
} from 'xstate';
import { withFixedCourses } from './fixed-courses.ts';
import type { MachineEvent } from './journal-event.ts';
import type { JsonObject } from './json.ts';
import { type MachineAction, parseAction } from './machine-action.ts';
import { allNodes } from './machine-nodes.ts';

/** A machine's next snapshot, and the actions that its engine is to carry out. */
export type Transitioned = readonly [AnyMachineSnapshot, readonly MachineAction[]];

/** XState's pure `initialTransition` and `transition` of one machine, with equal answers. */
export interface Transitions {
  initial(input: JsonObject): Transitioned;
  next(snapshot: AnyMachineSnapshot, event: MachineEvent): Transitioned;
}

const known = new WeakMap<AnyStateMachine, Transitions>();

/**
 * XState's pure functions make a throw-away actor of the whole machine at each call, which takes more time than all the rest of
 * the transition. What they then call is public: it is called here with one such scope for all transitions of a machine.
 */
export function transitionsOf(machine: AnyStateMachine): Transitions {
  const made = known.get(machine) ?? (namesActors(machine) ? pureTransitions(machine) : sharingOneScope(machine));
  known.set(machine, made);
  return made;
}

function sharingOneScope(machine: AnyStateMachine): Transitions {
  let actions: unknown[] = [];
  const self = createActor(machine);
  const scope: AnyActorScope = {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
    actionExecutor: (action) => {
      actions.push(action);
    },
  };
  const collecting = (work: () => AnyMachineSnapshot): Transitioned => {
    actions = [];
    const snapshot = work();
    return [snapshot, actions.map(parseAction)];
  };
  return withFixedCourses(machine, scope, {
    initial: (input) => collecting(() => machine.getInitialSnapshot(scope, input)),
    next: (snapshot, event) => collecting(() => machine.transition(snapshot, event, scope)),
  });
}

function pureTransitions(machine: AnyStateMachine): Transitions {
  const parsed = ([snapshot, actions]: readonly [AnyMachineSnapshot, readonly unknown[]]): Transitioned => [
    snapshot,
    actions.map(parseAction),
  ];
  return {
    initial: (input) => parsed(initialTransition(machine, input)),
    next: (snapshot, event) => parsed(transition(machine, snapshot, event)),
  };
}

/** A `systemId` is taken once in one scope: each transition then needs a scope of its own. */
function namesActors({ root }: AnyStateMachine): boolean {
  return allNodes(root).some(({ invoke }) => invoke.some(({ systemId }) => systemId !== undefined));
}
