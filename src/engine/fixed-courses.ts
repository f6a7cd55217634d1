import type {
  AnyActorRef,
  AnyActorScope,
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
} from 'xstate';
import type { MachineEvent } from './journal-event.ts';
import { canonicalJson, toJson } from './json.ts';
import type { MachineAction } from './machine-action.ts';
import { allNodes, childrenOf } from './machine-nodes.ts';
import type { Transitioned, Transitions } from './transition.ts';

/** A function of a machine: XState gives it the context, the event and the like in one object. */
type Mapper = (given: object) => unknown;
/** What an `assign` is made of: a function that answers what is to be altered, or a value or function for each member. */
type Assignment = Mapper | object;

/**
 * A transition that takes the same course each time: which states it leaves and enters, and which actors it stops and starts,
 * depends on nothing but the state and the type of the event. Of each run's own are the context and what functions make of it.
 */
interface Course {
  /** The snapshot that it ends with, but for the context. */
  readonly end: AnyMachineSnapshot;
  readonly assignments: readonly Assignment[];
  readonly actions: readonly CourseAction[];
}
type CourseAction =
  | { readonly type: 'same'; readonly action: MachineAction }
  | { readonly type: 'spawn'; readonly id: string; readonly src: string; readonly input: Mapper };

/** `seen`: XState was asked, and nothing learned yet. `free`: the course may be another one each time. */
type Known = 'seen' | 'free' | Course;

/** Machines of many parallel states have more states than anybody wants to keep in memory. */
const MOST_KNOWN = 10_000;

/**
 * Follows courses that are fixed without asking XState, most of whose work for a transition is to find its course, anew each time.
 * Following a course must come to what XState has answered, or it is not taken for fixed. Where few courses can be, they are learned
 * when they are taken again: a machine that is gone through once pays nothing. Where a function of the machine throws, XState is
 * asked, so that its error is the one that is told.
 */
export function withFixedCourses(machine: AnyStateMachine, scope: AnyActorScope, asked: Transitions): Transitions {
  const { self } = scope;
  const nodes = allNodes(machine.root);
  // What a machine that remembers states does next depends on what it remembers.
  if (nodes.some(({ type }) => type === 'history')) return asked;
  const learnsAtOnce = nodes.every(onlyInvokes);
  /** Of these there are so many as the machine names; of those that a wildcard takes, as many as somebody sends. */
  const namedEvents = new Set(nodes.flatMap(({ transitions }) => [...transitions.keys()]));
  const known = new Map<string, Map<string, Known>>();
  let count = 0;

  function answer(before: AnyMachineSnapshot | undefined, event: MachineEvent, ask: () => Transitioned): Transitioned {
    const from = before === undefined ? '' : JSON.stringify(before.value);
    const courses = known.get(from) ?? new Map<string, Known>();
    const course = courses.get(event.type);
    if (typeof course === 'object') return followed(course, before, event) ?? ask();
    const answered = ask();
    const isNew = course === undefined && count < MOST_KNOWN && (before === undefined || namedEvents.has(event.type));
    if (isNew) {
      count += 1;
      known.set(from, courses.set(event.type, 'seen'));
    }
    if (course === 'seen' || (isNew && learnsAtOnce)) courses.set(event.type, learned(before, event, answered));
    return answered;
  }

  function learned(before: AnyMachineSnapshot | undefined, event: MachineEvent, answered: Transitioned): Known {
    const course = courseOf(machine, scope, before, event, answered);
    const tried = course && followed(course, before, event);
    return course !== undefined && tried !== undefined && isSame(tried, answered) ? course : 'free';
  }

  /** Undefined where a function of the machine throws. */
  function followed(course: Course, before: AnyMachineSnapshot | undefined, event: MachineEvent) {
    try {
      const first = before === undefined ? firstContext(machine, event, self) : before.context;
      return follow(course, first, event, self);
    } catch {
      return undefined;
    }
  }

  return {
    initial: (input) => answer(undefined, { type: 'xstate.init', input }, () => asked.initial(input)),
    next: (snapshot, event) => answer(snapshot, event, () => asked.next(snapshot, event)),
  };
}

function follow(
  { end, assignments, actions }: Course,
  first: object,
  event: MachineEvent,
  self: AnyActorRef,
): Transitioned {
  let context = first;
  const given = () => ({ context, event, self, system: self.system });
  for (const assignment of assignments) context = assigned(context, assignment, given());
  const made = actions.map((action): MachineAction => {
    if (action.type === 'same') return action.action;
    const { id, src, input } = action;
    return { type: 'xstate.spawnChild', params: { id, src, input: input(given()) } };
  });
  return [{ ...end, context }, made];
}

function assigned(context: object, assignment: Assignment, given: object): object {
  if (isMapper(assignment)) return Object.assign({}, context, assignment(given));
  const members = Object.entries(assignment).map(([key, value]: [string, unknown]) => [
    key,
    isMapper(value) ? value(given) : value,
  ]);
  return Object.assign({}, context, Object.fromEntries(members));
}

function firstContext({ config }: AnyStateMachine, { input }: MachineEvent, self: AnyActorRef): object {
  const context: unknown = config.context;
  if (isMapper(context)) return Object.assign({}, context({ input, self }));
  return isObject(context) ? context : {};
}

/** The course of a transition that XState has answered; undefined where it may be another one each time. */
function courseOf(
  machine: AnyStateMachine,
  scope: AnyActorScope,
  before: AnyMachineSnapshot | undefined,
  event: MachineEvent,
  [end, actions]: Transitioned,
): Course | undefined {
  const { root } = machine;
  const left = before === undefined ? firstNodes(root) : activeNodes(root, before.value);
  const entered = activeNodes(root, end.value);
  if (![...left, ...entered].every(onlyInvokes)) return undefined;
  // An output is worked out, and what an error says is each run's own.
  if (end.status !== 'active' && (end.status !== 'done' || root.output !== undefined)) return undefined;
  const assignments = before === undefined ? [] : assignmentsOf(machine, scope, before, event, left);
  const made = actions.map((action) => courseAction(action, entered));
  if (assignments === undefined || !made.every((action) => action !== undefined)) return undefined;
  return { end: { ...end, context: undefined }, assignments, actions: made };
}

/** The assignments of the one transition that is taken without a guard being asked; undefined where it is not so. */
function assignmentsOf(
  machine: AnyStateMachine,
  scope: AnyActorScope,
  before: AnyMachineSnapshot,
  event: MachineEvent,
  active: readonly AnyStateNode[],
): readonly Assignment[] | undefined {
  if (active.some((node) => asksGuards(node, event.type))) return undefined;
  const [taken, ...others] = machine.getTransitionData(before, event);
  if (taken === undefined || others.length > 0) return undefined;
  // Any more of them, and states were passed through that nobody has looked at.
  if (!leadsBeside(taken) && machine.microstep(before, event, scope).length !== 1) return undefined;
  const assignments = taken.actions.map((action) => assignmentOf(machine, action));
  return assignments.every((assignment) => assignment !== undefined) ? assignments : undefined;
}

/** Whether it exchanges one state for another beside it that leads nowhere by itself. XState is spared most of what is to be learned. */
function leadsBeside({ source, target = [] }: AnyTransitionDefinition): boolean {
  return target.every(
    (state) =>
      state.parent === source.parent &&
      (state.type === 'atomic' || (state.type === 'final' && state.parent?.parent === undefined)) &&
      onlyInvokes(state),
  );
}

function asksGuards(node: AnyStateNode, type: string): boolean {
  return [...node.transitions].some(
    ([descriptor, transitions]) =>
      (descriptor === type || descriptor.includes('*')) && transitions.some(({ guard }) => guard !== undefined),
  );
}

/** Undefined where the action is no `assign`, or one with parameters. */
function assignmentOf({ implementations }: AnyStateMachine, action: unknown): Assignment | undefined {
  const named: Readonly<Record<string, unknown>> = implementations.actions;
  const found = typeof action === 'string' ? named[action] : action;
  if (typeof found !== 'function' || !('type' in found) || found.type !== 'xstate.assign') return undefined;
  if (!('assignment' in found)) return undefined;
  const { assignment } = found;
  return isMapper(assignment) || isObject(assignment) ? assignment : undefined;
}

/** Undefined where the action may be another one each time. */
function courseAction(action: MachineAction, entered: readonly AnyStateNode[]): CourseAction | undefined {
  if (action.type === 'xstate.stopChild') return { type: 'same', action };
  if (action.type !== 'xstate.spawnChild') return undefined;
  const { id, src } = action.params;
  const [invoke, ...others] = entered.flatMap((node) => node.invoke).filter((one) => one.id === id);
  if (invoke === undefined || others.length > 0) return undefined;
  const input: unknown = invoke.input;
  return isMapper(input) ? { type: 'spawn', id, src, input } : { type: 'same', action };
}

/** Whether entering and leaving the state does nothing but start and stop what it invokes. */
function onlyInvokes({ entry, exit, always = [], type, initial }: AnyStateNode): boolean {
  const first = type === 'compound' ? initial.actions : [];
  return entry.length === 0 && exit.length === 0 && always.length === 0 && first.length === 0;
}

/** The states that the machine begins in. */
function firstNodes(node: AnyStateNode): readonly AnyStateNode[] {
  if (node.type === 'compound') return [node, ...node.initial.target.flatMap(firstNodes)];
  return node.type === 'parallel' ? [node, ...childrenOf(node).flatMap(firstNodes)] : [node];
}

/** The root and all states that are active. */
function activeNodes(node: AnyStateNode, value: unknown): readonly AnyStateNode[] {
  const children = typeof value === 'string' ? [[value, {}] as const] : isObject(value) ? Object.entries(value) : [];
  const below = children.flatMap(([key, inner]: readonly [string, unknown]) => {
    const child: AnyStateNode | undefined = node.states[key];
    return child === undefined ? [] : activeNodes(child, inner);
  });
  return [node, ...below];
}

/** Whether what is each run's own is the same in both; all else was taken from one into the other. */
function isSame([tried, made]: Transitioned, [asked, actions]: Transitioned): boolean {
  const textOf = (value: unknown) => canonicalJson(toJson(value));
  const same = (one: unknown, other: unknown) => one === other || textOf(one) === textOf(other);
  return same(tried.context, asked.context) && made.every((action, index) => same(action, actions[index]));
}

function isMapper(value: unknown): value is Mapper {
  return typeof value === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
