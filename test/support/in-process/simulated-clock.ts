import type { Clock } from '../../../src/engine/ports/clock.ts';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
  readonly inBackground: boolean;
}

export interface SimulatedClock extends Clock {
  /** Advances to the next timer and fires it, after those in the background that are due before; false if none is set. */
  step(): boolean;
  set(now: number): void;
  /** The number of timers that are set, without those in the background. */
  readonly pending: number;
}

/** A clock that only the test advances. */
export function simulatedClock(start = 1_700_000_000_000): SimulatedClock {
  let now = start;
  let order = 0;
  const timers = new Set<Timer>();
  return {
    now: () => now,
    sinceBoot: () => now - start,
    after(delayMs, callback, inBackground = false) {
      order += 1;
      const timer = { due: now + delayMs, order, callback, inBackground };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    step() {
      const sorted = [...timers].sort((a, b) => a.due - b.due || a.order - b.order);
      const next = sorted.findIndex((timer) => !timer.inBackground);
      if (next === -1) return false;
      for (const timer of sorted.slice(0, next + 1)) {
        if (!timers.delete(timer)) continue;
        now = Math.max(now, timer.due);
        timer.callback();
      }
      return true;
    },
    set(time) {
      now = time;
    },
    get pending() {
      return [...timers].filter((timer) => !timer.inBackground).length;
    },
  };
}
