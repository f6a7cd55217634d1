import type { Clock } from '../../ports/clock.ts';

/** The timers of a run that are set in this process. */
export class RunTimers {
  readonly #clock: Clock;
  readonly #fired: (timer: string) => void;
  readonly #cancels = new Map<string, () => void>();

  constructor(clock: Clock, fired: (timer: string) => void) {
    this.#clock = clock;
    this.#fired = fired;
  }

  get isEmpty(): boolean {
    return this.#cancels.size === 0;
  }

  /** @param due milliseconds since the epoch */
  set(timer: string, due: number): void {
    const cancel = this.#clock.after(Math.max(0, due - this.#clock.now()), () => {
      this.#cancels.delete(timer);
      this.#fired(timer);
    });
    this.#cancels.set(timer, cancel);
  }

  cancel(timer: string): void {
    this.#cancels.get(timer)?.();
    this.#cancels.delete(timer);
  }

  cancelAll(): void {
    for (const timer of this.#cancels.keys()) this.cancel(timer);
  }
}
