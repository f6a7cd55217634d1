import type { AnyMachineSnapshot } from 'xstate';
import { sha256 } from '../model/digest.ts';
import { asWfError, WfError } from '../model/errors.ts';
import { childAround, groupOf, idInChild, isWithin, type StepId, stepIdOf } from '../model/ids.ts';
import type { ChildEnd, Effect } from '../model/journal-event.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject, toJson } from '../model/json.ts';
import { lazy } from '../model/lazy.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import { beginItems, type ItemGroup, isComplete, openGroup, outputsOf, withOutput } from './item-group.ts';
import type { MachineAction } from './machine-action.ts';
import { type Child, type MachineModel, MICROSTEP_LIMIT } from './machine-model.ts';
import {
  createMachineActor,
  firstTransition,
  type MachineActor,
  nextTransition,
  spawnedActor,
  type Transitioned,
} from './transition.ts';

/** A machine's snapshot and the engine's own counts. Immutable: each decision makes a new one. */
export interface MachineState {
  /** Shared by all decisions of the run. */
  readonly actor: MachineActor;
  readonly snapshot: AnyMachineSnapshot;
  /** How often each invoke id has been started. */
  readonly visits: ReadonlyMap<string, number>;
  /** Steps whose outcome the machine waits for, by the id of their actor. */
  readonly active: ReadonlyMap<string, StepId>;
  /** The items of each `forEach` whose outcome the machine waits for, by invoke id. */
  readonly groups: ReadonlyMap<string, ItemGroup>;
  /** The child workflows whose end the machine waits for, and those in them, by the id of their invocation. */
  readonly children: ReadonlyMap<string, ChildMachine>;
  /** Timers that are set and have not fired, by name, in the order in which they were set. */
  readonly timers: ReadonlyMap<string, Timer>;
  /** How often a timer of each id, or without one of each event type, has been set. */
  readonly timersSet: ReadonlyMap<string, number>;
}

/** The machine of a child workflow. */
export interface ChildMachine {
  /** The step of the whole. */
  readonly step: string;
  readonly snapshot: AnyMachineSnapshot;
  /** The last failure of a step or a child in it; undefined if none has failed. */
  readonly failure?: Json;
}

/** A delay of the machine: its deadline (ms since the epoch), its length when it was set, and the event that it raises. */
export interface Timer {
  /** The child workflow whose machine has set it; empty for that of the run. */
  readonly child: string;
  /** The id by which the machine cancels it, which several timers may share; null if it has none. */
  readonly id: string | null;
  readonly deadline: number;
  readonly delayMs: number;
  readonly event: MachineEvent;
}

/** Whether the machine is still active, and how it ended if not. */
export type MachineStatus =
  | { readonly type: 'active' }
  /** `failed` is true if it ended in a final state tagged `failed`. */
  | { readonly type: 'done'; readonly output: Json; readonly failed: boolean }
  | { readonly type: 'error'; readonly error: Json };

/** A machine's answer to an event: the next state, and the effects to carry out. */
export interface Decision {
  readonly state: MachineState;
  readonly status: MachineStatus;
  readonly effects: readonly Effect[];
  /** The `forEach`s that ended at once, for they have no items: the step of each, which is never started. */
  readonly withoutItems: readonly EmptyGroup[];
  /** The errors of the child workflows that refused their input, and so failed. */
  readonly refused: readonly WfError[];
  readonly value: Json;
  /** The state values of the child workflows, by the id of their invocation; absent without any. */
  readonly children?: JsonObject;
  /** The ends of the child workflows that have ended, by the id of their invocation; absent without any. */
  readonly ended?: Readonly<Record<string, ChildEnd>>;
  readonly stages: readonly string[];
  /** SHA-256 over all of the above and the context. */
  readonly digest: string;
}

/** A `forEach` without items. */
export interface EmptyGroup {
  readonly step: StepId;
  readonly invoke: string;
}

/** The facts of a run that its first decision depends on. */
export interface StartOfRun {
  readonly id: string;
  readonly input: JsonObject;
}

/** Returns the machine's first decision. Pure: `now` (ms since the epoch) is only used to turn delays into deadlines. */
export function decideStart(model: MachineModel, { id, input }: StartOfRun, now: number): Decision {
  const actor = createMachineActor(id, !model.namesActors);
  const none = new Map<never, never>();
  const before = { actor, visits: none, active: none, groups: none, children: none, timers: none, timersSet: none };
  return decisionOf(model, before, now, (next) => next.take(RUN, () => firstTransition(model.machine, actor, input)));
}

/** Returns the machine's decision on `event`. Pure. @param timer the name of the timer that raised the event, which ends with it */
export function decide(
  model: MachineModel,
  state: MachineState,
  event: MachineEvent,
  now: number,
  timer?: string,
): Decision {
  const child = timer === undefined ? childThatTakes(state, event) : state.timers.get(timer)?.child;
  const before = {
    ...state,
    active: without(state.active, outcomeActor(event)),
    timers: without(state.timers, timer),
  };
  return decisionOf(model, before, now, (next) => next.give(event, child));
}

/** Returns the child workflow that takes an event from outside; undefined for any other event, and if the machine of the run takes it. */
function childThatTakes(state: MachineState, event: MachineEvent): string | undefined {
  return state.children.size === 0 || outcomeActor(event) !== undefined ? undefined : takerOf(state, event);
}

/**
 * Returns the child workflow that takes an event from outside: the first that can, unless the machine of the run itself can (empty).
 * Undefined if none can.
 */
export function takerOf({ snapshot, children }: MachineState, event: MachineEvent): string | undefined {
  const machines = [['', { snapshot }] as const, ...children];
  return guarded(() => machines.find(([, machine]) => machine.snapshot.can(event)))?.[0];
}

/** Returns the timers that are set by deadline; those of one deadline in the order in which they were set. */
export function timersByDeadline({ timers }: MachineState): readonly (readonly [string, Timer])[] {
  return [...timers].sort(([, one], [, other]) => one.deadline - other.deadline);
}

/** Returns the id under which the machine, or the group of its item, receives the outcome of a step. */
export function actorIdOf({ invoke, item }: { readonly invoke: string; readonly item?: string }): string {
  return item === undefined ? invoke : `${invoke}[${item}]`;
}

/** Whether the machine, or the group of its item, waits for the outcome of this step. */
export function waitsFor(
  { active }: MachineState,
  start: Parameters<typeof actorIdOf>[0] & { readonly step: StepId },
): boolean {
  return active.get(actorIdOf(start)) === start.step;
}

/** Returns the id of the actor whose outcome this event is, or undefined. */
export function outcomeActor(event: MachineEvent): string | undefined {
  const isOutcome = event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.');
  return isOutcome && typeof event['actorId'] === 'string' ? event['actorId'] : undefined;
}

/** Returns the event that reports a step's success to its machine. */
export function stepDone(actor: string, output: Json): MachineEvent {
  return { type: `xstate.done.actor.${actor}`, output, actorId: actor };
}

/** Returns the event that reports a step's failure to its machine. */
export function stepError(actor: string, error: Json): MachineEvent {
  return { type: `xstate.error.actor.${actor}`, error, actorId: actor };
}

function decisionOf(model: MachineModel, before: Before, now: number, begin: (next: NextState) => void): Decision {
  const next = new NextState(model, before, now);
  begin(next);
  next.settle();
  const { snapshot, effects, withoutItems, refused, ended } = next;
  const status = statusOf(snapshot);
  const value = toJson(snapshot.value);
  const due = withoutTransientSteps(effects);
  // Without a transition the context is the same, and may be as large as the list of a `forEach`.
  const contextOf = (machine: AnyMachineSnapshot, earlier: AnyMachineSnapshot | undefined) =>
    machine === earlier ? null : toJson(machine.context);
  const { children } = next.bookkeeping;
  const values = [...children].map(([id, child]) => [id, toJson(child.snapshot.value)] as const);
  const inChildren = values.length === 0 ? {} : { children: Object.fromEntries(values) };
  // Lazy: a rehearsal needs none, and takes many decisions on a large context.
  const digest = lazy(() => {
    const context = contextOf(snapshot, before.snapshot);
    const contexts = [...children].map(([id, child]) => contextOf(child.snapshot, before.children.get(id)?.snapshot));
    const below = contexts.length === 0 ? {} : { ...inChildren, contexts };
    return sha256(canonicalJson({ value, context, status, effects: due, ...below }));
  });
  return {
    state: { ...next.bookkeeping, actor: before.actor, snapshot },
    status,
    effects: due,
    withoutItems,
    refused,
    value,
    ...inChildren,
    ...(ended.size === 0 ? {} : { ended: Object.fromEntries(ended) }),
    stages: topLevelStates(value),
    get digest() {
      return digest();
    },
  };
}

/** The state before a decision: a machine that has not begun has no snapshot. */
type Before = Omit<MachineState, 'snapshot'> & { readonly snapshot?: AnyMachineSnapshot };

function without<Value>(all: ReadonlyMap<string, Value>, key: string | undefined): ReadonlyMap<string, Value> {
  if (key === undefined || !all.has(key)) return all;
  const rest = new Map(all);
  rest.delete(key);
  return rest;
}

function withEntry<Value>(all: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> {
  return new Map(all).set(key, value);
}

/** Runs code of the workflow file: a guard or an assign that throws is a defect of that file, and reported as one. */
export function guarded<Answer>(run: () => Answer): Answer {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof WfError && thrown.code === 'E_WORKFLOW_INVALID') throw thrown;
    throw new WfError('E_WORKFLOW_INVALID', `the machine threw while it decided: ${asWfError(thrown).message}`, {
      hint: 'Fix the guard, assign or input function of the workflow file that has thrown.',
      cause: thrown,
    });
  }
}

/** The counts and sets of the next state, which the actions of a decision replace. */
type Bookkeeping = {
  -readonly [Key in 'visits' | 'active' | 'groups' | 'children' | 'timers' | 'timersSet']: MachineState[Key];
};

/** The machine of the run, or of a child workflow: the id of its invocation, and its step. */
interface Place {
  readonly child: string;
  readonly step: string;
}

const RUN: Place = { child: '', step: '' };

/** A decision while it is made. */
class NextState {
  readonly bookkeeping: Bookkeeping;
  readonly effects: Effect[] = [];
  readonly withoutItems: EmptyGroup[] = [];
  readonly refused: WfError[] = [];
  readonly ended = new Map<string, ChildEnd>();
  /** The errors of the children that have refused their input, by invoke id, until their parents have them. */
  readonly #refused = new Map<string, WfError>();
  readonly #model: MachineModel;
  readonly #actor: MachineActor;
  readonly #now: number;
  #snapshot: AnyMachineSnapshot | undefined;

  constructor(model: MachineModel, { actor, snapshot, ...bookkeeping }: Before, now: number) {
    this.#model = model;
    this.#actor = actor;
    this.#snapshot = snapshot;
    this.#now = now;
    this.bookkeeping = bookkeeping;
  }

  get snapshot(): AnyMachineSnapshot {
    if (this.#snapshot === undefined) throw new WfError('E_INTERNAL', 'no first transition', { hint: 'Report this.' });
    return this.#snapshot;
  }

  /** Takes a transition of a machine. */
  take(place: Place, run: () => Transitioned): void {
    const [snapshot, actions] = guarded(run);
    const { child, step } = place;
    if (child === '') this.#snapshot = snapshot;
    else this.#setChild(child, { ...this.bookkeeping.children.get(child), step, snapshot });
    for (const action of actions) this.#apply(place, action);
  }

  /** Gives an event to a machine; the outcome of a step or a child to the machine that invoked it, that of an item to its group. */
  give(event: MachineEvent, child = ''): void {
    const actor = outcomeActor(event);
    if (actor === undefined) {
      this.#transition(child, event);
      return;
    }
    const isFailure = event.type.startsWith('xstate.error.');
    const invoke = groupOf(actor);
    const group = invoke === undefined ? undefined : this.bookkeeping.groups.get(invoke);
    if (invoke === undefined || group === undefined) {
      if (isFailure) this.#giveError(actor, event['error'] ?? null);
      else this.#giveOutput(actor, event['output'] ?? null);
    } else if (isFailure) {
      this.#stop(invoke);
      this.#giveError(invoke, event['error'] ?? null);
    } else {
      this.#setGroup(invoke, withOutput(group, actor.slice(invoke.length + 1, -1), event['output'] ?? null));
    }
  }

  #giveOutput(invoke: string, output: Json): void {
    this.#transition(childAround(invoke), stepDone(localId(invoke), output));
  }

  #giveError(invoke: string, error: Json): void {
    const around = childAround(invoke);
    const child = this.bookkeeping.children.get(around);
    if (child !== undefined) this.#setChild(around, { ...child, failure: error });
    this.#transition(around, stepError(localId(invoke), error));
  }

  #transition(child: string, event: MachineEvent): void {
    if (child === '') {
      const { snapshot } = this;
      this.take(RUN, () => nextTransition(this.#model.machine, this.#actor, snapshot, event));
      return;
    }
    const machine = this.#model.children.get(child)?.model.machine;
    const state = this.bookkeeping.children.get(child);
    if (machine === undefined || state === undefined) return;
    const place = { child, step: state.step };
    this.take(place, () => nextTransition(machine, this.#actor, state.snapshot, event));
  }

  /** Begins the items for which groups have room, and gives the machines the outcomes of groups and children that have ended. */
  settle(): void {
    for (let round = 0; ; round += 1) {
      if (this.snapshot.status !== 'active') return;
      for (const [invoke, group] of this.bookkeeping.groups) this.#beginItems(invoke, group);
      const ended = this.#endedInvoke();
      if (ended === undefined) return;
      if (round === MICROSTEP_LIMIT) throw loopsForever(ended, this.bookkeeping.groups.has(ended));
      this.#end(ended);
    }
  }

  #endedInvoke(): string | undefined {
    const { groups, children } = this.bookkeeping;
    const [refused] = this.#refused.keys();
    const child = refused ?? [...children].find(([, { snapshot }]) => snapshot.status !== 'active')?.[0];
    return child ?? [...groups].find(([, group]) => isComplete(group))?.[0];
  }

  #end(invoke: string): void {
    const group = this.bookkeeping.groups.get(invoke);
    const child = this.bookkeeping.children.get(invoke);
    const refused = this.#refused.get(invoke);
    this.#stop(invoke);
    if (group !== undefined) {
      if (group.keys.length === 0) this.withoutItems.push({ step: group.step, invoke });
      this.#giveOutput(invoke, outputsOf(group));
    } else if (refused !== undefined) {
      this.refused.push(refused);
      this.ended.set(invoke, 'failed');
      this.#giveError(invoke, toJson({ ...refused.toRecord(), step: refused.details['step'] }));
    } else if (child !== undefined) {
      const status = statusOf(child.snapshot);
      const hasSucceeded = status.type === 'done' && !status.failed;
      this.ended.set(invoke, hasSucceeded ? 'succeeded' : 'failed');
      if (hasSucceeded) this.#giveOutput(invoke, status.output);
      else this.#giveError(invoke, status.type === 'error' ? status.error : (child.failure ?? endedFailed(child)));
    }
  }

  #beginItems(invoke: string, group: ItemGroup): void {
    const [begun, due] = beginItems(group);
    if (due.length === 0) return;
    this.#setGroup(invoke, begun);
    for (const { key, step, input } of due) this.#startStep(invoke, step, input, key);
  }

  #beginChild(invoke: string, step: StepId, { model, parseInput }: Child, given: Json): void {
    let input: JsonObject;
    try {
      input = parseInput(given);
    } catch (thrown) {
      const { code, message, hint } = asWfError(thrown);
      this.#refused.set(
        invoke,
        new WfError(code, `step ${step}: ${message}`, { hint, details: { step }, cause: thrown }),
      );
      return;
    }
    this.take({ child: invoke, step }, () => firstTransition(model.machine, this.#actor, input));
  }

  #startStep(invoke: string, step: StepId, input: Json, item?: string): void {
    const invocation = this.#model.invocations.get(invoke);
    if (invocation === undefined) throw spawnedActor(invoke);
    const { stage, actor, runner, host } = invocation;
    const named = item === undefined ? {} : { item };
    const placed = host === undefined ? {} : { host };
    this.bookkeeping.active = withEntry(this.bookkeeping.active, actorIdOf({ invoke, ...named }), step);
    this.effects.push({
      type: 'start-step',
      step,
      invoke,
      ...named,
      ...placed,
      stage,
      actor,
      kind: runner.kind,
      input,
    });
  }

  #setGroup(invoke: string, group: ItemGroup): void {
    this.bookkeeping.groups = withEntry(this.bookkeeping.groups, invoke, group);
  }

  #setChild(invoke: string, child: ChildMachine): void {
    this.bookkeeping.children = withEntry(this.bookkeeping.children, invoke, child);
  }

  /** Stops what an invocation has under way: its step, its items, or its child workflow with its steps, children and timers. */
  #stop(invoke: string): void {
    const state = this.bookkeeping;
    for (const [actor, step] of state.active) {
      if (!isWithin(actor, invoke)) continue;
      state.active = without(state.active, actor);
      this.effects.push({ type: 'stop-step', step });
    }
    for (const id of state.groups.keys()) if (isWithin(id, invoke)) state.groups = without(state.groups, id);
    for (const [name, { child }] of state.timers) if (isWithin(child, invoke)) this.#cancelTimer(name);
    for (const id of state.children.keys()) if (isWithin(id, invoke)) state.children = without(state.children, id);
    for (const id of this.#refused.keys()) if (isWithin(id, invoke)) this.#refused.delete(id);
  }

  #cancelTimer(timer: string): void {
    this.bookkeeping.timers = without(this.bookkeeping.timers, timer);
    this.effects.push({ type: 'cancel-timer', timer });
  }

  #apply(place: Place, action: MachineAction): void {
    const state = this.bookkeeping;
    switch (action.type) {
      case 'xstate.spawnChild': {
        const { input } = action.params;
        const id = idInChild(place.child, action.params.id);
        const invocation = this.#model.invocations.get(id);
        const child = this.#model.children.get(id);
        if (invocation === undefined && child === undefined) throw spawnedActor(id);
        const visited = idInChild(place.step, action.params.id);
        const visit = (state.visits.get(visited) ?? 0) + 1;
        const step = stepIdOf(visited, visit);
        state.visits = withEntry(state.visits, visited, visit);
        const each = invocation?.each;
        if (child !== undefined) this.#beginChild(id, step, child, toJson(input ?? {}));
        else if (each === undefined) this.#startStep(id, step, toJson(input ?? {}));
        else
          this.#setGroup(
            id,
            guarded(() => openGroup(step, each, input)),
          );
        return;
      }
      case 'xstate.stopChild':
        this.#stop(idInChild(place.child, action.params.id));
        return;
      case 'xstate.raise': {
        const { event, id, delay } = action.params;
        // An event without a delay was taken within this decision.
        if (delay !== undefined) setTimer(state, this.effects, place, asEvent(event), id, delay, this.#now);
        return;
      }
      case 'xstate.cancel': {
        const { sendId } = action.params;
        for (const [timer, { id, child }] of state.timers) {
          if (id === sendId && child === place.child) this.#cancelTimer(timer);
        }
        return;
      }
      case 'xstate.log':
        this.effects.push({ type: 'log', message: toJson(action.params.value) });
        return;
      case 'xstate.emit':
        this.effects.push({ type: 'emit', event: asEvent(action.params.event) });
    }
  }
}

function loopsForever(invoke: string, isGroup: boolean): WfError {
  const what = isGroup ? 'a forEach without items' : 'a child workflow without steps';
  return new WfError('E_WORKFLOW_INVALID', `the machine comes back to ${invoke}, ${what}, forever`, {
    hint: 'Check the guards of its state: it ends at once.',
  });
}

/** Returns the id of an invocation in its own machine. */
function localId(invoke: string): string {
  const around = childAround(invoke);
  return around === '' ? invoke : invoke.slice(around.length + 1);
}

/** Returns the error of a child workflow that ended in a state tagged `failed`, though none of its steps had failed. */
function endedFailed({ step }: ChildMachine): Json {
  const message = `child workflow ${step} ended in a state tagged "failed"`;
  return { code: 'E_STEP_FAILED', message, hint: 'Inspect its last steps with `wf show`.', step };
}

/** Gives each timer a name of its own: the machine may set several of one id, or without one, at the same moment. */
function setTimer(
  state: Bookkeeping,
  effects: Effect[],
  { child, step }: Place,
  event: MachineEvent,
  id: string | undefined,
  delayMs: number,
  now: number,
): void {
  const base = idInChild(step, id ?? event.type);
  const set = (state.timersSet.get(base) ?? 0) + 1;
  const timer = `${base}#${set}`;
  const deadline = now + delayMs;
  state.timersSet = withEntry(state.timersSet, base, set);
  state.timers = withEntry(state.timers, timer, { child, id: id ?? null, deadline, delayMs, event });
  effects.push({ type: 'set-timer', timer, deadline, event });
}

function asEvent(event: { readonly type: string }): MachineEvent {
  const { type, ...payload } = event;
  const json = toJson(payload);
  return isJsonObject(json) ? { ...json, type } : { type };
}

/** Drops the starts and stops of states that were entered and left within one decision: their steps were never due. */
function withoutTransientSteps(effects: readonly Effect[]): readonly Effect[] {
  if (!effects.some(({ type }) => type === 'stop-step')) return effects;
  const started = new Set(effects.flatMap((effect) => (effect.type === 'start-step' ? [effect.step] : [])));
  const transient = new Set(
    effects.flatMap((effect) => (effect.type === 'stop-step' && started.has(effect.step) ? [effect.step] : [])),
  );
  if (transient.size === 0) return effects;
  return effects.filter(
    (effect) => !((effect.type === 'start-step' || effect.type === 'stop-step') && transient.has(effect.step)),
  );
}

function statusOf(snapshot: AnyMachineSnapshot): MachineStatus {
  switch (snapshot.status) {
    case 'done':
      return { type: 'done', output: toJson(snapshot.output), failed: snapshot.hasTag('failed') };
    case 'error':
      return { type: 'error', error: errorAsJson(snapshot.error) };
    default:
      return { type: 'active' };
  }
}

/** Keeps an Error's message, which `toJson` would drop. */
function errorAsJson(error: unknown): Json {
  return error instanceof Error ? { message: error.message } : toJson(error);
}

function topLevelStates(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  return value === null || typeof value !== 'object' ? [] : Object.keys(value);
}
