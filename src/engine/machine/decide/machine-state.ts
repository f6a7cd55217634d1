import type { AnyMachineSnapshot } from 'xstate';
import type { StepId } from '../../model/ids.ts';
import { type Json, toJson } from '../../model/json.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import { guarded } from './guarded.ts';
import type { ItemGroup } from './item-group.ts';
import type { MachineActor } from './transition.ts';

/** A machine's snapshot and the engine's own counts. Immutable: each decision creates a new one. */
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
  /** The step of the whole child workflow. */
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

export function statusOf(snapshot: AnyMachineSnapshot): MachineStatus {
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

/** Returns when the first timer is due, in milliseconds since the epoch; undefined without one. */
export function firstDeadline(state: MachineState): number | undefined {
  return timersByDeadline(state)[0]?.[1].deadline;
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
