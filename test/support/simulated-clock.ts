import type { Clock } from '../../src/engine/ports/clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

export interface SimulatedClock extends Clock {
  /** Advances to the next timer and fires it; false if none is set. */
  step(): boolean;
  set(now: number): void;
  readonly pending: number;
}

/** A clock that only the test advances. */
export function simulatedClock(start = 1_700_000_000_000): SimulatedClock {
  let now = start;
  let order = 0;
  const timers = new Set<Timer>();
  return {
    now: () => now,
    after(delayMs, callback) {
      order += 1;
      const timer = { due: now + delayMs, order, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    step() {
      const [next] = [...timers].sort((a, b) => a.due - b.due || a.order - b.order);
      if (next === undefined) return false;
      timers.delete(next);
      now = Math.max(now, next.due);
      next.callback();
      return true;
    },
    set(time) {
      now = time;
    },
    get pending() {
      return timers.size;
    },
  };
}
