import type { AnyMachineSnapshot } from 'xstate';
import { sha256 } from '../../model/digest.ts';
import type { WfError } from '../../model/errors.ts';
import type { ChildEnd, Effect } from '../../model/journal-event.ts';
import { canonicalJson, type Json, type JsonObject, toJson } from '../../model/json.ts';
import { lazy } from '../../model/lazy.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import type { MachineModel } from '../machine-model.ts';
import { type MachineState, type MachineStatus, statusOf, takerOf } from './machine-state.ts';
import { type Before, type EmptyGroup, NextState, RUN, without } from './next-state.ts';
import { outcomeActor } from './outcome-event.ts';
import { createMachineActor, firstTransition } from './transition.ts';

/** A machine's answer to an event: the next state, and the effects to carry out. */
export interface Decision {
  readonly state: MachineState;
  readonly status: MachineStatus;
  readonly effects: readonly Effect[];
  /** The `forEach`s that ended at once because they have no items; their steps never start. */
  readonly withoutItems: readonly EmptyGroup[];
  /** The errors of the child workflows that refused their input, and so failed. */
  readonly refused: readonly WfError[];
  readonly value: Json;
  /** The state values of the child workflows, by the id of their invocation; absent without any. */
  readonly children?: JsonObject;
  /** The ends of the child workflows that have ended, by the id of their invocation; absent without any. */
  readonly ended?: Readonly<Record<string, ChildEnd>>;
  readonly stages: readonly string[];
  /** Returns the SHA-256 over all of the above and the context. */
  digest(): string;
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

/** Returns the child workflow that takes an event from outside; undefined for any other event, or if the machine of the run takes it. */
function childThatTakes(state: MachineState, event: MachineEvent): string | undefined {
  return state.children.size === 0 || outcomeActor(event) !== undefined ? undefined : takerOf(state, event);
}

function decisionOf(model: MachineModel, before: Before, now: number, begin: (next: NextState) => void): Decision {
  const next = new NextState(model, before, now);
  begin(next);
  next.settle();
  const { snapshot, effects, withoutItems, refused, ended } = next;
  const status = statusOf(snapshot);
  const value = toJson(snapshot.value);
  const due = withoutTransientSteps(effects);
  // Without a transition the context stays the same; it may be as large as the list of a `forEach`.
  const contextOf = (machine: AnyMachineSnapshot, earlier: AnyMachineSnapshot | undefined) =>
    machine === earlier ? null : toJson(machine.context);
  const { children } = next.bookkeeping;
  const values = [...children].map(([id, child]) => [id, toJson(child.snapshot.value)] as const);
  const inChildren = values.length === 0 ? {} : { children: Object.fromEntries(values) };
  // Lazy: a rehearsal makes many decisions on a large context, and needs no digest.
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
    digest,
  };
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

function topLevelStates(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  return value === null || typeof value !== 'object' ? [] : Object.keys(value);
}
