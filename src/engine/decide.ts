import { hash } from 'node:crypto';
import type { AnyMachineSnapshot } from 'xstate';
import { asWfError, WfError } from './errors.ts';
import { type StepId, stepIdOf } from './ids.ts';
import type { Effect, MachineEvent } from './journal-event.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject, toJson } from './json.ts';
import type { MachineAction } from './machine-action.ts';
import type { MachineModel } from './machine-model.ts';
import { type Transitioned, transitionsOf } from './transition.ts';
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
  /** Timers that are set, by name. */
  readonly timers: ReadonlyMap<string, Timer>;
}

/** A delay of the machine: when it is over (ms since the epoch), how long it was when it was set, and the event it then raises. */
interface Timer {
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
  const { initial } = transitionsOf(model.machine);
  return conclude(model, undefined, undefined, now, () => initial(input));
}

/** What the machine decides when it is given `event`. Pure. */
export function decide(model: MachineModel, state: MachineState, event: MachineEvent, now: number): Decision {
  const settled = settledInvoke(event);
  const { next } = transitionsOf(model.machine);
  return conclude(model, state, settled, now, () => next(state.snapshot, event));
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

function conclude(
  model: MachineModel,
  before: MachineState | undefined,
  settled: string | undefined,
  now: number,
  run: () => Transitioned,
): Decision {
  const [snapshot, actions] = guarded(run);
  const followed: StateInTheMaking = {
    visits: before?.visits ?? NO_VISITS,
    active: activeWithout(before, settled),
    timers: before?.timers ?? NO_TIMERS,
  };
  const effects: Effect[] = [];
  for (const action of actions) applyAction(model, followed, effects, action, now);
  const status = statusOf(snapshot);
  const value = toJson(snapshot.value);
  const isSame = before !== undefined && before.snapshot.context === snapshot.context;
  const context = isSame ? before.context : canonicalJson(toJson(snapshot.context));
  const due = withoutVainStarts(effects);
  return {
    state: { snapshot, context, ...followed },
    status,
    effects: due,
    value,
    stages: topLevelStates(value),
    digest: digestOf(value, context, status, due),
  };
}

/** The active steps but the one that has just ended: mostly that is all of them, and there is nothing to be copied. */
function activeWithout(before: MachineState | undefined, settled: string | undefined): Map<string, StepId> {
  const left = new Map<string, StepId>();
  if (before === undefined) return left;
  if (settled !== undefined && before.active.size === 1 && before.active.has(settled)) return left;
  for (const [invoke, step] of before.active) if (invoke !== settled) left.set(invoke, step);
  return left;
}

/** A guard or an assign that throws is a defect of the workflow file, which the user is told as such. */
function guarded(run: () => Transitioned): Transitioned {
  try {
    return run();
  } catch (thrown) {
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
}

const NO_TIMERS: ReadonlyMap<string, Timer> = new Map();

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
      if (invocation === undefined) {
        throw new WfError('E_WORKFLOW_INVALID', `the machine spawned ${id}, which no state invokes`, {
          hint: 'Invoke step runners from states; spawning them from actions is not supported.',
        });
      }
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
      // One that is raised at once was taken within this decision.
      if (delay === undefined) return;
      const timer = id ?? `${event.type}@${now}`;
      const timed = { deadline: now + delay, event: asEvent(event) };
      state.timers = new Map(state.timers).set(timer, { ...timed, delayMs: delay });
      effects.push({ type: 'set-timer', timer, ...timed });
      return;
    }
    case 'xstate.cancel': {
      const left = new Map(state.timers);
      if (!left.delete(action.params.sendId)) return;
      state.timers = left;
      effects.push({ type: 'cancel-timer', timer: action.params.sendId });
      return;
    }
    case 'xstate.log':
      effects.push({ type: 'log', message: toJson(action.params.value) });
      return;
    case 'xstate.emit':
      effects.push({ type: 'emit', event: asEvent(action.params.event) });
  }
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
