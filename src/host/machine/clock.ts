import type { Clock } from '../../engine/ports/clock.ts';

/** The longest delay a Node timer can hold (a signed 32-bit number of milliseconds, some 24.8 days): beyond it, it fires at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The machine's own time, and timers of any length. */
export const systemClock: Clock = {
  now: () => Date.now(),
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

/** Resolves after `delayMs`, or at once when `signal` is aborted; the caller looks at the signal itself. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
