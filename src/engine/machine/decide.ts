import type { AnyMachineSnapshot } from 'xstate';
import { sha256 } from '../model/digest.ts';
import { asWfError, WfError } from '../model/errors.ts';
import { groupOf, type StepId, stepIdOf } from '../model/ids.ts';
import type { Effect } from '../model/journal-event.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject, toJson } from '../model/json.ts';
import { lazy } from '../model/lazy.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import { beginItems, type ItemGroup, isComplete, openGroup, outputsOf, withOutput } from './item-group.ts';
import type { MachineAction } from './machine-action.ts';
import { type MachineModel, MICROSTEP_LIMIT } from './machine-model.ts';
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
  /** Timers that are set and have not fired, by name, in the order in which they were set. */
  readonly timers: ReadonlyMap<string, Timer>;
  /** How often a timer of each id, or without one of each event type, has been set. */
  readonly timersSet: ReadonlyMap<string, number>;
}

/** A delay of the machine: its deadline (ms since the epoch), its length when it was set, and the event that it raises. */
export interface Timer {
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
  readonly value: Json;
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
  const before = { actor, visits: none, active: none, groups: none, timers: none, timersSet: none };
  return decisionOf(model, before, now, (next) => next.take(() => firstTransition(model.machine, actor, input)));
}

/** Returns the machine's decision on `event`. Pure. @param timer the name of the timer that raised the event, which ends with it */
export function decide(
  model: MachineModel,
  state: MachineState,
  event: MachineEvent,
  now: number,
  timer?: string,
): Decision {
  const before = {
    ...state,
    active: without(state.active, outcomeActor(event)),
    timers: without(state.timers, timer),
  };
  return decisionOf(model, before, now, (next) => next.give(event));
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
  next.settleGroups();
  const { snapshot, effects, withoutItems } = next;
  const status = statusOf(snapshot);
  const value = toJson(snapshot.value);
  const due = withoutTransientSteps(effects);
  // Without a transition the context is the same, and may be as large as the list of a `forEach`.
  const hasMoved = snapshot !== before.snapshot;
  // Lazy: a rehearsal needs none, and takes many decisions on a large context.
  const digest = lazy(() => {
    const context = hasMoved ? toJson(snapshot.context) : null;
    return sha256(canonicalJson({ value, context, status, effects: due }));
  });
  return {
    state: { ...next.bookkeeping, actor: before.actor, snapshot },
    status,
    effects: due,
    withoutItems,
    value,
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
type Bookkeeping = { -readonly [Key in 'visits' | 'active' | 'groups' | 'timers' | 'timersSet']: MachineState[Key] };

/** A decision while it is made. */
class NextState {
  readonly bookkeeping: Bookkeeping;
  readonly effects: Effect[] = [];
  readonly withoutItems: EmptyGroup[] = [];
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

  take(run: () => Transitioned): void {
    const [snapshot, actions] = guarded(run);
    this.#snapshot = snapshot;
    for (const action of actions) this.#apply(action);
  }

  /** Gives an event to the machine, or the outcome of an item to its group. */
  give(event: MachineEvent): void {
    const actor = outcomeActor(event);
    const invoke = actor === undefined ? undefined : groupOf(actor);
    const group = invoke === undefined ? undefined : this.bookkeeping.groups.get(invoke);
    if (actor === undefined || invoke === undefined || group === undefined) {
      const { snapshot } = this;
      this.take(() => nextTransition(this.#model.machine, this.#actor, snapshot, event));
    } else if (event.type.startsWith('xstate.error.')) {
      this.#closeGroup(invoke);
      this.give(stepError(invoke, event['error'] ?? null));
    } else {
      this.#setGroup(invoke, withOutput(group, actor.slice(invoke.length + 1, -1), event['output'] ?? null));
    }
  }

  /** Begins the items for which groups have room, and gives the machine the outputs of those that are complete. */
  settleGroups(): void {
    for (let round = 0; ; round += 1) {
      if (this.snapshot.status !== 'active') return;
      for (const [invoke, group] of this.bookkeeping.groups) this.#beginItems(invoke, group);
      const complete = [...this.bookkeeping.groups].find(([, group]) => isComplete(group));
      if (complete === undefined) return;
      if (round === MICROSTEP_LIMIT) throw loopsOnNoItems(complete[0]);
      const [invoke, group] = complete;
      if (group.keys.length === 0) this.withoutItems.push({ step: group.step, invoke });
      this.#closeGroup(invoke);
      this.give(stepDone(invoke, outputsOf(group)));
    }
  }

  #beginItems(invoke: string, group: ItemGroup): void {
    const [begun, due] = beginItems(group);
    if (due.length === 0) return;
    this.#setGroup(invoke, begun);
    for (const { key, step, input } of due) this.#startStep(invoke, step, input, key);
  }

  #startStep(invoke: string, step: StepId, input: Json, item?: string): void {
    const invocation = this.#model.invocations.get(invoke);
    if (invocation === undefined) throw spawnedActor(invoke);
    const { stage, actor, runner } = invocation;
    const named = item === undefined ? {} : { item };
    this.bookkeeping.active = withEntry(this.bookkeeping.active, actorIdOf({ invoke, ...named }), step);
    this.effects.push({ type: 'start-step', step, invoke, ...named, stage, actor, kind: runner.kind, input });
  }

  #setGroup(invoke: string, group: ItemGroup): void {
    this.bookkeeping.groups = withEntry(this.bookkeeping.groups, invoke, group);
  }

  /** Stops the items of a group that are under way. */
  #closeGroup(invoke: string): void {
    this.bookkeeping.groups = without(this.bookkeeping.groups, invoke);
    for (const actor of this.bookkeeping.active.keys()) if (groupOf(actor) === invoke) this.#stopStep(actor);
  }

  #stopStep(actor: string): void {
    const step = this.bookkeeping.active.get(actor);
    if (step === undefined) return;
    this.bookkeeping.active = without(this.bookkeeping.active, actor);
    this.effects.push({ type: 'stop-step', step });
  }

  #apply(action: MachineAction): void {
    const state = this.bookkeeping;
    switch (action.type) {
      case 'xstate.spawnChild': {
        const { id, input } = action.params;
        const invocation = this.#model.invocations.get(id);
        if (invocation === undefined) throw spawnedActor(id);
        const visit = (state.visits.get(id) ?? 0) + 1;
        const step = stepIdOf(id, visit);
        state.visits = withEntry(state.visits, id, visit);
        const { each } = invocation;
        if (each === undefined) this.#startStep(id, step, toJson(input ?? {}));
        else
          this.#setGroup(
            id,
            guarded(() => openGroup(step, each, input)),
          );
        return;
      }
      case 'xstate.stopChild':
        if (state.groups.has(action.params.id)) this.#closeGroup(action.params.id);
        else this.#stopStep(action.params.id);
        return;
      case 'xstate.raise': {
        const { event, id, delay } = action.params;
        // An event without a delay was taken within this decision.
        if (delay !== undefined) setTimer(state, this.effects, asEvent(event), id, delay, this.#now);
        return;
      }
      case 'xstate.cancel': {
        const { sendId } = action.params;
        for (const [timer, { id }] of state.timers) {
          if (id !== sendId) continue;
          state.timers = without(state.timers, timer);
          this.effects.push({ type: 'cancel-timer', timer });
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

function loopsOnNoItems(invoke: string): WfError {
  return new WfError('E_WORKFLOW_INVALID', `the machine comes back to ${invoke}, a forEach without items, forever`, {
    hint: 'Check the guards of its state: without items it ends at once.',
  });
}

/** Gives each timer a name of its own: the machine may set several of one id, or without one, at the same moment. */
function setTimer(
  state: Bookkeeping,
  effects: Effect[],
  event: MachineEvent,
  id: string | undefined,
  delayMs: number,
  now: number,
): void {
  const base = id ?? event.type;
  const set = (state.timersSet.get(base) ?? 0) + 1;
  const timer = `${base}#${set}`;
  const deadline = now + delayMs;
  state.timersSet = withEntry(state.timersSet, base, set);
  state.timers = withEntry(state.timers, timer, { id: id ?? null, deadline, delayMs, event });
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
