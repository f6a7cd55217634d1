import { type MachineState, timersByDeadline } from '../../machine/decide/machine-state.ts';
import type { WfError } from '../../model/errors.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import type { OpenRequest } from '../../model/request.ts';
import type { Beginning } from './beginning.ts';
import type { Due, EndedAttempt } from './steps-under-way.ts';

/** An input to the loop of a run, from outside its decisions. */
export type Arrival =
  | { readonly type: Beginning['type'] }
  | ({ readonly type: 'outcome' } & EndedAttempt)
  | ({ readonly type: 'retry' } & Due)
  | { readonly type: 'timer'; readonly timer: string }
  | { readonly type: 'request'; readonly request: OpenRequest }
  /** The run has not been applied by its deadline. */
  | { readonly type: 'overdue' }
  | Sent;

/** An event from outside, with callbacks to its sender. */
export interface Sent {
  readonly type: 'sent';
  readonly event: MachineEvent;
  handled(): void;
  refused(why: WfError): void;
}

const NO_WAITER = () => {};

/** The arrivals that the loop of a run has not handled yet, in their order. */
export class Arrivals {
  #waiting: Arrival[];
  #isWoken = false;
  #wakeUp = NO_WAITER;

  constructor(first: Arrival) {
    this.#waiting = [first];
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(arrival: Arrival): void {
    this.#waiting.push(arrival);
    this.wake();
  }

  /** Returns all arrivals, and forgets them. */
  take(): readonly Arrival[] {
    this.#isWoken = false;
    return this.#waiting.splice(0);
  }

  /** Refuses the waiting events from outside. */
  refuseSent(why: WfError): void {
    for (const arrival of this.#waiting) if (arrival.type === 'sent') arrival.refused(why);
  }

  wake(): void {
    this.#isWoken = true;
    this.#wakeUp();
  }

  /** Resolves at once if something has arrived, or woken the loop, since `take`. */
  async untilWoken(): Promise<void> {
    if (!this.#isWoken) await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    this.#wakeUp = NO_WAITER;
  }
}

/**
 * Returns the order in which a machine handles arrivals of one turn: requests to stop first, since a resumed run that is to pause begins
 * no step; and timers that fired at about the same moment by their deadlines.
 */
export function inOrder(arrivals: readonly Arrival[], state: MachineState | undefined): readonly Arrival[] {
  const stops = (arrival: Arrival) => arrival.type === 'request' && arrival.request.demand.kind !== 'send';
  const others = arrivals.filter((arrival) => !stops(arrival));
  return [...arrivals.filter(stops), ...withTimersInOrder(others, state)];
}

function withTimersInOrder(arrivals: readonly Arrival[], state: MachineState | undefined): readonly Arrival[] {
  const fired = new Set(arrivals.flatMap((arrival) => (arrival.type === 'timer' ? [arrival.timer] : [])));
  if (fired.size < 2 || state === undefined) return arrivals;
  const due = timersByDeadline(state).filter(([timer]) => fired.has(timer));
  const places = due.map(([timer]): Arrival => ({ type: 'timer', timer }));
  return arrivals.flatMap((arrival) => (arrival.type === 'timer' ? places.splice(0, 1) : [arrival]));
}
