import { hash } from 'node:crypto';
import type { AnyMachineSnapshot } from 'xstate';
import { asWfError, WfError } from './errors.ts';
import { type StepId, stepIdOf } from './ids.ts';
import type { Effect, MachineEvent } from './journal-event.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject, toJson } from './json.ts';
import type { MachineAction } from './machine-action.ts';
import type { MachineModel } from './machine-model.ts';
import { firstTransition, nextTransition, spawnedActor, type Transitioned } from './transition.ts';
import { NO_VISITS, type Visits } from './visits.ts';

/** Where a machine is, with what the engine counts beside it. Never changed: each decision makes a new one. */
export interface MachineState {
  readonly snapshot: AnyMachineSnapshot;
  /** The snapshot's context as canonical JSON: most decisions leave it as it is. */
  readonly context: string;
  /** How often each invoke id has been started. */
  readonly visits: Visits;
  /** Steps whose outcome the machine waits for, by invoke id. */
  readonly active: ReadonlyMap<string, StepId>;
  /** Timers that are set and have not fired, by name, in the order in which they were set. */
  readonly timers: ReadonlyMap<string, Timer>;
  /** How often a timer of each id, or without one of each event type, has been set. */
  readonly timersSet: Visits;
}

/** A delay of the machine: when it is over (ms since the epoch), how long it was when it was set, and the event it then raises. */
export interface Timer {
  /** By which the machine cancels it; several may have the same. Null where it has none. */
  readonly id: string | null;
  readonly deadline: number;
  readonly delayMs: number;
  readonly event: MachineEvent;
}

/** Whether the machine goes on. */
export type MachineStatus =
  | { readonly type: 'active' }
  /** `failed` is true where it ended in a final state tagged `failed`. */
  | { readonly type: 'done'; readonly output: Json; readonly failed: boolean }
  | { readonly type: 'error'; readonly error: Json };

/** What the machine makes of an event: the next state, and what is to be done. */
export interface Decision {
  readonly state: MachineState;
  readonly status: MachineStatus;
  readonly effects: readonly Effect[];
  readonly value: Json;
  readonly stages: readonly string[];
  /** SHA-256 over all of the above and the context. */
  readonly digest: string;
}

/** The machine's first decision. Pure: `now` (ms since the epoch) is only used to turn delays into deadlines. */
export function decideStart(model: MachineModel, input: JsonObject, now: number): Decision {
  return conclude(model, NOTHING_YET, now, () => firstTransition(model.machine, input));
}

/** What the machine decides when it is given `event`. Pure. @param timer the name of the timer that raised the event, which is over with it */
export function decide(
  model: MachineModel,
  state: MachineState,
  event: MachineEvent,
  now: number,
  timer?: string,
): Decision {
  const before = {
    ...state,
    active: without(state.active, settledInvoke(event)),
    timers: without(state.timers, timer),
  };
  return conclude(model, before, now, () => nextTransition(model.machine, state.snapshot, event));
}

/** The timers that are set, in the order in which they are due: those of one deadline in the order in which they were set. */
export function timersByDeadline({ timers }: MachineState): readonly (readonly [string, Timer])[] {
  return [...timers].sort(([, one], [, other]) => one.deadline - other.deadline);
}

/** The invoke id whose outcome this event is, or undefined. */
function settledInvoke(event: MachineEvent): string | undefined {
  const isOutcome = event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.');
  return isOutcome && typeof event['actorId'] === 'string' ? event['actorId'] : undefined;
}

/** The event by which a machine learns that a step has succeeded. */
export function stepDone(invoke: string, output: Json): MachineEvent {
  return { type: `xstate.done.actor.${invoke}`, output, actorId: invoke };
}

/** The event by which a machine learns that a step has failed. */
export function stepError(invoke: string, error: Json): MachineEvent {
  return { type: `xstate.error.actor.${invoke}`, error, actorId: invoke };
}

function conclude(model: MachineModel, before: Before, now: number, run: () => Transitioned): Decision {
  const [snapshot, actions] = guarded(run);
  const { visits, timers, timersSet } = before;
  const next: StateInTheMaking = { visits, active: new Map(before.active), timers, timersSet };
  const effects: Effect[] = [];
  for (const action of actions) applyAction(model, next, effects, action, now);
  const status = statusOf(snapshot);
  const value = toJson(snapshot.value);
  const isSame = before.snapshot?.context === snapshot.context;
  const context = isSame ? before.context : canonicalJson(toJson(snapshot.context));
  const due = withoutVainStarts(effects);
  return {
    state: { snapshot, context, ...next },
    status,
    effects: due,
    value,
    stages: topLevelStates(value),
    digest: digestOf(value, context, status, due),
  };
}

/** The state that a decision is made in: a machine that has not begun has no snapshot. */
type Before = Omit<MachineState, 'snapshot'> & { readonly snapshot?: AnyMachineSnapshot };

const NOTHING_YET: Before = {
  context: '',
  visits: NO_VISITS,
  active: new Map(),
  timers: new Map(),
  timersSet: NO_VISITS,
};

/** A copy is made only if there is something to leave out: mostly there is not. */
function without<Value>(all: ReadonlyMap<string, Value>, key: string | undefined): ReadonlyMap<string, Value> {
  if (key === undefined || !all.has(key)) return all;
  const left = new Map(all);
  left.delete(key);
  return left;
}

/** A guard or an assign that throws is a defect of the workflow file, which the user is told as such. */
export function guarded<Answer>(run: () => Answer): Answer {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof WfError && thrown.code === 'E_WORKFLOW_INVALID') throw thrown;
    throw new WfError('E_WORKFLOW_INVALID', `the machine threw while it decided: ${asWfError(thrown).message}`, {
      hint: 'A guard, an assign or an input function of the workflow file has thrown. Mend it there.',
      cause: thrown,
    });
  }
}

interface StateInTheMaking {
  visits: Visits;
  readonly active: Map<string, StepId>;
  /** Most decisions leave them as they are. */
  timers: ReadonlyMap<string, Timer>;
  timersSet: Visits;
}

function applyAction(
  model: MachineModel,
  state: StateInTheMaking,
  effects: Effect[],
  action: MachineAction,
  now: number,
): void {
  switch (action.type) {
    case 'xstate.spawnChild': {
      const { id, input } = action.params;
      const invocation = model.invocations.get(id);
      if (invocation === undefined) throw spawnedActor(id);
      const { count, visits } = state.visits.visit(id);
      const step = stepIdOf(id, count);
      state.visits = visits;
      state.active.set(id, step);
      // In the order of canonical JSON, which then need not sort it.
      effects.push({
        actor: invocation.actor,
        input: toJson(input ?? {}),
        invoke: id,
        kind: invocation.runner.kind,
        stage: invocation.stage,
        step,
        type: 'start-step',
      });
      return;
    }
    case 'xstate.stopChild': {
      const step = state.active.get(action.params.id);
      if (step === undefined) return;
      state.active.delete(action.params.id);
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

/** Each timer has a name of its own: the machine may set several of one id, or without one, at the same moment. */
function setTimer(
  state: StateInTheMaking,
  effects: Effect[],
  event: MachineEvent,
  id: string | undefined,
  delayMs: number,
  now: number,
): void {
  const base = id ?? event.type;
  const { count, visits } = state.timersSet.visit(base);
  const timer = `${base}#${count}`;
  const deadline = now + delayMs;
  state.timersSet = visits;
  state.timers = new Map(state.timers).set(timer, { id: id ?? null, deadline, delayMs, event });
  effects.push({ type: 'set-timer', timer, deadline, event });
}

function asEvent(event: { readonly type: string }): MachineEvent {
  const { type, ...payload } = event;
  const json = toJson(payload);
  return isJsonObject(json) ? { ...json, type } : { type };
}

/** A state that was entered and left within one decision: its step was never due. */
function withoutVainStarts(effects: readonly Effect[]): readonly Effect[] {
  if (!effects.some(({ type }) => type === 'stop-step')) return effects;
  const started = new Set(effects.flatMap((effect) => (effect.type === 'start-step' ? [effect.step] : [])));
  const vain = new Set(
    effects.flatMap((effect) => (effect.type === 'stop-step' && started.has(effect.step) ? [effect.step] : [])),
  );
  if (vain.size === 0) return effects;
  return effects.filter(
    (effect) => !((effect.type === 'start-step' || effect.type === 'stop-step') && vain.has(effect.step)),
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

/** Of an Error nothing would be left otherwise. */
function errorAsJson(error: unknown): Json {
  return error instanceof Error ? { message: error.message } : toJson(error);
}

function topLevelStates(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  return value === null || typeof value !== 'object' ? [] : Object.keys(value);
}

/** Over the canonical JSON of an object of the four; `context` is such JSON already. */
function digestOf(value: Json, context: string, status: MachineStatus, effects: readonly Effect[]): string {
  const decided = `"effects":${canonicalJson(effects)},"status":${canonicalJson(status)},"value":${canonicalJson(value)}`;
  return hash('sha256', `{"context":${context},${decided}}`, 'hex');
}
