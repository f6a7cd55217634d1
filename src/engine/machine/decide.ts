import type { AnyMachineSnapshot } from 'xstate';
import { sha256 } from '../model/digest.ts';
import { asWfError, WfError } from '../model/errors.ts';
import { type StepId, stepIdOf } from '../model/ids.ts';
import type { Effect } from '../model/journal-event.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject, toJson } from '../model/json.ts';
import { lazy } from '../model/lazy.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { MachineAction } from './machine-action.ts';
import type { MachineModel } from './machine-model.ts';
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
  /** Steps whose outcome the machine waits for, by invoke id. */
  readonly active: ReadonlyMap<string, StepId>;
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
  readonly value: Json;
  readonly stages: readonly string[];
  /** SHA-256 over all of the above and the context. */
  readonly digest: string;
}

/** The facts of a run that its first decision depends on. */
export interface StartOfRun {
  readonly id: string;
  readonly input: JsonObject;
}

/** Returns the machine's first decision. Pure: `now` (ms since the epoch) is only used to turn delays into deadlines. */
export function decideStart(model: MachineModel, { id, input }: StartOfRun, now: number): Decision {
  const actor = createMachineActor(id, !model.namesActors);
  const before = { actor, visits: new Map(), active: new Map(), timers: new Map(), timersSet: new Map() };
  return decisionOf(model, before, now, () => firstTransition(model.machine, actor, input));
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
    active: without(state.active, outcomeInvoke(event)),
    timers: without(state.timers, timer),
  };
  return decisionOf(model, before, now, () => nextTransition(model.machine, state.actor, state.snapshot, event));
}

/** Returns the timers that are set by deadline; those of one deadline in the order in which they were set. */
export function timersByDeadline({ timers }: MachineState): readonly (readonly [string, Timer])[] {
  return [...timers].sort(([, one], [, other]) => one.deadline - other.deadline);
}

/** Returns the invoke id whose outcome this event is, or undefined. */
export function outcomeInvoke(event: MachineEvent): string | undefined {
  const isOutcome = event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.');
  return isOutcome && typeof event['actorId'] === 'string' ? event['actorId'] : undefined;
}

/** Returns the event that reports a step's success to its machine. */
export function stepDone(invoke: string, output: Json): MachineEvent {
  return { type: `xstate.done.actor.${invoke}`, output, actorId: invoke };
}

/** Returns the event that reports a step's failure to its machine. */
export function stepError(invoke: string, error: Json): MachineEvent {
  return { type: `xstate.error.actor.${invoke}`, error, actorId: invoke };
}

function decisionOf(model: MachineModel, before: Before, now: number, run: () => Transitioned): Decision {
  const [snapshot, actions] = guarded(run);
  const next: Before & Bookkeeping = { ...before };
  const effects: Effect[] = [];
  for (const action of actions) applyAction(model, next, effects, action, now);
  const status = statusOf(snapshot);
  const value = toJson(snapshot.value);
  const due = withoutTransientSteps(effects);
  // Lazy: a rehearsal needs none, and takes many decisions on a large context.
  const digest = lazy(() => sha256(canonicalJson({ value, context: toJson(snapshot.context), status, effects: due })));
  return {
    state: { ...next, snapshot },
    status,
    effects: due,
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
type Bookkeeping = { -readonly [Key in 'visits' | 'active' | 'timers' | 'timersSet']: MachineState[Key] };

function applyAction(
  model: MachineModel,
  state: Bookkeeping,
  effects: Effect[],
  action: MachineAction,
  now: number,
): void {
  switch (action.type) {
    case 'xstate.spawnChild': {
      const { id, input } = action.params;
      const invocation = model.invocations.get(id);
      if (invocation === undefined) throw spawnedActor(id);
      const visit = (state.visits.get(id) ?? 0) + 1;
      const step = stepIdOf(id, visit);
      state.visits = withEntry(state.visits, id, visit);
      state.active = withEntry(state.active, id, step);
      effects.push({
        type: 'start-step',
        step,
        invoke: id,
        stage: invocation.stage,
        actor: invocation.actor,
        kind: invocation.runner.kind,
        input: toJson(input ?? {}),
      });
      return;
    }
    case 'xstate.stopChild': {
      const step = state.active.get(action.params.id);
      if (step === undefined) return;
      state.active = without(state.active, action.params.id);
      effects.push({ type: 'stop-step', step });
      return;
    }
    case 'xstate.raise': {
      const { event, id, delay } = action.params;
      // An event without a delay was taken within this decision.
      if (delay !== undefined) setTimer(state, effects, asEvent(event), id, delay, now);
      return;
    }
    case 'xstate.cancel': {
      const { sendId } = action.params;
      for (const [timer, { id }] of state.timers) {
        if (id !== sendId) continue;
        state.timers = without(state.timers, timer);
        effects.push({ type: 'cancel-timer', timer });
      }
      return;
    }
    case 'xstate.log':
      effects.push({ type: 'log', message: toJson(action.params.value) });
      return;
    case 'xstate.emit':
      effects.push({ type: 'emit', event: asEvent(action.params.event) });
  }
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
