/** The time, passed in so that a test can set it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since the machine was booted, with the time in which it was suspended. Setting the time of day does not move it. */
  sinceBoot(): number;
  /**
   * Calls `callback` once after `delayMs`; the returned function cancels that. The timer keeps the process running, unless it is in the
   * background.
   */
  after(delayMs: number, callback: () => void, inBackground?: boolean): () => void;
}

/** Returns a number in [0, 1), like Math.random. */
export type Random = () => number;

/** Resolves after `delayMs`, or at once if `signal` is aborted; the caller checks the signal. */
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
