import { uptime } from 'node:os';
import type { Clock } from '../../engine/ports/clock.ts';

/** Longest delay of a Node timer (a signed 32-bit number of milliseconds, about 24.8 days); a longer one fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** Time of the machine, and timers of any length. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sinceBoot: () => Math.round(uptime() * 1000),
  after(delayMs, callback, inBackground = false) {
    let timer: NodeJS.Timeout;
    const wait = (remainingMs: number): void => {
      const nextMs = Math.min(remainingMs, LONGEST_TIMER_MS);
      timer = setTimeout(() => {
        if (remainingMs > nextMs) wait(remainingMs - nextMs);
        else callback();
      }, nextMs);
      if (inBackground) timer.unref();
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};
