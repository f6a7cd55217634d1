import {
  type ActionExecutor,
  type AnyActorRef,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  fromTransition,
  getNextTransitions,
} from 'xstate';
import { WfError } from '../../model/errors.ts';
import type { JsonObject } from '../../model/json.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import { type MachineAction, parseAction } from './machine-action.ts';

/** A machine's next snapshot, and the actions that its engine is to carry out. */
export type Transitioned = readonly [AnyMachineSnapshot, readonly MachineAction[]];

/**
 * The stand-in for the actor of a run's machine, which wf never starts. The decisions of a run share it: creating one takes as long as a
 * decision. The machine finds the id of the run in `self.id`.
 */
export interface MachineActor {
  readonly run: string;
  /** Returns the actor for one decision. */
  self(): AnyActorRef;
  /** Returns the types of the events that a decision has sent to actors, and clears them. */
  sent(): readonly string[];
}

/** @param isShared false if the machine names actors: an actor system accepts each name once, so each decision needs its own system */
export function createMachineActor(run: string, isShared: boolean): MachineActor {
  let types: string[] = [];
  // XState's `transition` does not expose an event that `self.send()` sends to an actor that never runs; its inspector does.
  const create = () =>
    createActor(NOBODY, {
      id: run,
      inspect: (inspected) => {
        if (inspected.type === '@xstate.event') types.push(inspected.event.type);
      },
    });
  const shared = isShared ? create() : undefined;
  return {
    run,
    self: () => shared ?? create(),
    sent() {
      const given = types;
      types = [];
      return given;
    },
  };
}

const NOBODY = fromTransition(() => undefined, undefined);

/**
 * Returns the machine's first snapshot, purely: XState's `initialTransition`, in a scope that records every action and event.
 * @throws WfError E_WORKFLOW_INVALID if the machine spawns an actor or sends an event by itself; whatever the machine throws
 */
export function firstTransition(machine: AnyStateMachine, actor: MachineActor, input: JsonObject): Transitioned {
  return transitioned(actor, NO_CHILDREN, (scope) => machine.getInitialSnapshot(scope, input));
}

/**
 * Returns the machine's next snapshot, purely: XState's `transition`, in a scope that records every action and event.
 * @throws WfError E_WORKFLOW_INVALID if the machine spawns an actor or sends an event by itself; whatever the machine throws
 */
export function nextTransition(
  machine: AnyStateMachine,
  actor: MachineActor,
  before: AnyMachineSnapshot,
  event: MachineEvent,
): Transitioned {
  return transitioned(actor, before.children, (scope) => machine.transition(before, event, scope));
}

function transitioned(
  actor: MachineActor,
  before: Children,
  run: (scope: AnyActorScope) => AnyMachineSnapshot,
): Transitioned {
  const actions: MachineAction[] = [];
  actor.sent();
  const snapshot = run(inertScope(actor.self(), (action) => actions.push(parseAction(action))));
  const [first] = actor.sent();
  if (first !== undefined) throw sentByItself(first);
  return withoutSpawned(before, [snapshot, actions]);
}

function inertScope(self: AnyActorRef, actionExecutor: ActionExecutor): AnyActorScope {
  const nothing = () => {};
  return {
    self,
    system: self.system,
    id: self.id,
    sessionId: self.sessionId,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor,
  };
}

/** Returns the types of the outside events for which the active states have a transition, wildcards included; a guard may refuse one. */
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
 * Refuses an actor that no state invokes. `spawn` in an `assign` or in the machine's context is no action: XState starts such an actor
 * itself, and a pure transition never does.
 */
function withoutSpawned(before: Children, transitioned: Transitioned): Transitioned {
  const [{ children }, actions] = transitioned;
  const started = Object.keys(children).filter((id) => children[id] !== before[id]);
  // An actor that a final state stops at once is not among the children.
  const stopped = actions.flatMap((action) => (action.type === 'xstate.stopChild' ? [action.params.id] : []));
  const spawned = [...started, ...stopped.filter((id) => !(id in before))].find((id) => !isInvoked(id, actions));
  if (spawned !== undefined) throw spawnedActor(nameOf(spawned, children[spawned]));
  return transitioned;
}

function isInvoked(actor: string, actions: readonly MachineAction[]): boolean {
  return actions.some((action) => action.type === 'xstate.spawnChild' && action.params.id === actor);
}

/** Returns the id of an actor, or its name in the machine's `setup` if XState has chosen the id. */
function nameOf(id: string, child: AnyActorRef | undefined): string {
  return /^x:\d+$/.test(id) && typeof child?.src === 'string' ? child.src : id;
}

/** Returns the error for a machine that starts an actor otherwise than by an invoking state. */
export function spawnedActor(id: string): WfError {
  return new WfError('E_WORKFLOW_INVALID', `the machine spawns the actor ${id}, which no state invokes`, {
    hint: 'Invoke the step runner from a state instead of spawning it: wf does not run a spawned actor.',
  });
}

function sentByItself(type: string): WfError {
  return new WfError('E_WORKFLOW_INVALID', `the machine sends the event ${type} with send() while it decides`, {
    hint: 'Use the action raise() instead: a guard, an assign or an input function can only return a value.',
  });
}
