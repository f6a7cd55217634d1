import type { AnyMachineSnapshot } from 'xstate';
import { asWfError, WfError } from '../../model/errors.ts';
import { childAround, groupOf, idInChild, isWithin, type StepId, stepIdOf } from '../../model/ids.ts';
import type { ChildEnd, Effect } from '../../model/journal-event.ts';
import { isJsonObject, type Json, type JsonObject, toJson } from '../../model/json.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import { type Child, type MachineModel, MICROSTEP_LIMIT } from '../machine-model.ts';
import { guarded } from './guarded.ts';
import { beginItems, type ItemGroup, isComplete, openGroup, outputsOf, withOutput } from './item-group.ts';
import type { MachineAction } from './machine-action.ts';
import { actorIdOf, type ChildMachine, type MachineState, statusOf } from './machine-state.ts';
import { outcomeActor, stepDone, stepError } from './outcome-event.ts';
import { firstTransition, type MachineActor, nextTransition, spawnedActor, type Transitioned } from './transition.ts';

/** The state before a decision: a machine that has not begun has no snapshot. */
export type Before = Omit<MachineState, 'snapshot'> & { readonly snapshot?: AnyMachineSnapshot };

/** A `forEach` without items. */
export interface EmptyGroup {
  readonly step: StepId;
  readonly invoke: string;
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

export const RUN: Place = { child: '', step: '' };

/** A decision in progress. */
export class NextState {
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

  constructor(model: MachineModel, before: Before, now: number) {
    const { actor, snapshot, visits, active, groups, children, timers, timersSet } = before;
    this.#model = model;
    this.#actor = actor;
    this.#snapshot = snapshot;
    this.#now = now;
    this.bookkeeping = { visits, active, groups, children, timers, timersSet };
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
  return new WfError('E_WORKFLOW_INVALID', `the machine returns to ${invoke}, ${what}, forever`, {
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

export function without<Value>(all: ReadonlyMap<string, Value>, key: string | undefined): ReadonlyMap<string, Value> {
  if (key === undefined || !all.has(key)) return all;
  const rest = new Map(all);
  rest.delete(key);
  return rest;
}

function withEntry<Value>(all: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> {
  return new Map(all).set(key, value);
}
