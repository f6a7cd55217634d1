import {
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  getNextTransitions,
  initialTransition,
  transition,
} from 'xstate';
import { WfError } from './errors.ts';
import type { MachineEvent } from './journal-event.ts';
import type { JsonObject } from './json.ts';
import { type MachineAction, parseAction } from './machine-action.ts';

/** A machine's next snapshot, and the actions that its engine is to carry out. */
export type Transitioned = readonly [AnyMachineSnapshot, readonly MachineAction[]];

/** XState's pure `initialTransition`. @throws WfError E_WORKFLOW_INVALID if the machine spawns an actor; whatever the machine throws. */
export function firstTransition(machine: AnyStateMachine, input: JsonObject): Transitioned {
  const [snapshot, actions] = initialTransition(machine, input);
  return withoutSpawned(NO_CHILDREN, [snapshot, actions.map(parseAction)]);
}

/** XState's pure `transition`. @throws WfError E_WORKFLOW_INVALID if the machine spawns an actor; whatever the machine throws. */
export function nextTransition(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot,
  event: MachineEvent,
): Transitioned {
  const [snapshot, actions]: readonly [AnyMachineSnapshot, readonly unknown[]] = transition(machine, before, event);
  return withoutSpawned(before.children, [snapshot, actions.map(parseAction)]);
}

/** The types of the events from outside for which the active states have a transition, wildcards included; a guard may still refuse one. */
export function expectedEvents(snapshot: AnyMachineSnapshot): readonly string[] {
  // A transition without target and actions forbids the event.
  const types = getNextTransitions(snapshot).flatMap(({ eventType, target, actions }) =>
    target === undefined && actions.length === 0 ? [] : [eventType],
  );
  return [...new Set(types)].filter((type) => type !== '' && !type.startsWith('xstate.')).sort();
}

type Children = Readonly<Record<string, unknown>>;

const NO_CHILDREN: Children = {};

/**
 * Refuses an actor that no state invokes. `spawn` in an `assign`, or in the machine's context, asks for no action: XState starts
 * such an actor itself, and a pure transition never does.
 */
function withoutSpawned(before: Children, transitioned: Transitioned): Transitioned {
  const [{ children }, actions] = transitioned;
  const invoked = new Set(actions.flatMap((action) => (action.type === 'xstate.spawnChild' ? [action.params.id] : [])));
  const started = Object.entries<unknown>(children).flatMap(([id, child]) => (child === before[id] ? [] : [id]));
  // One that a final state stops at once is no child any more.
  const stopped = actions.flatMap((action) => (action.type === 'xstate.stopChild' ? [action.params.id] : []));
  const spawned = [...started, ...stopped.filter((id) => !(id in before))].find((id) => !invoked.has(id));
  if (spawned !== undefined) throw spawnedActor(nameOf(spawned, children[spawned]));
  return transitioned;
}

/** An id that XState has chosen says nothing; the name of the actor in the machine's `setup` does. */
function nameOf(id: string, child: AnyActorRef | undefined): string {
  return /^x:\d+$/.test(id) && typeof child?.src === 'string' ? child.src : id;
}

/** The machine starts an actor in another way than by an invoking state. */
export function spawnedActor(id: string): WfError {
  return new WfError('E_WORKFLOW_INVALID', `the machine spawns the actor ${id}, which no state invokes`, {
    hint: 'Invoke the step runner from a state instead of spawning it: what no state invokes is not carried out.',
  });
}
