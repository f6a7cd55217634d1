import type { Clock } from '../ports/clock.ts';

/** A deadline on the clock that counts from the boot. Setting the time of day does not move it; after a reboot it has passed. */
export interface BootDeadline {
  readonly bootId: string;
  /** When it was set, in milliseconds since that boot. */
  readonly setAtMs: number;
  readonly dueMs: number;
  /** Milliseconds since the epoch, for people. */
  readonly at: number;
}

/** A moment of one boot. */
export interface BootMoment {
  readonly bootId: string;
  readonly sinceBootMs: number;
}

/** The interval at which a waiting process reads the clock: timers do not count the time in which the machine is suspended. */
const READ_MS = 1_000;

export function momentNow(clock: Clock, bootId: string): BootMoment {
  return { bootId, sinceBootMs: clock.sinceBoot() };
}

export function deadlineIn(ms: number, clock: Clock, bootId: string): BootDeadline {
  const setAtMs = clock.sinceBoot();
  return { bootId, setAtMs, dueMs: setAtMs + ms, at: clock.now() + ms };
}

/** Whether a moment is before a deadline. A moment before the deadline was set is one of another boot: this clock never goes back. */
export function isBefore({ bootId, sinceBootMs }: BootMoment, deadline: BootDeadline): boolean {
  return bootId === deadline.bootId && sinceBootMs >= deadline.setAtMs && sinceBootMs < deadline.dueMs;
}

/** Calls `onPast` once a deadline has passed. The returned function cancels that. */
export function afterDeadline(deadline: BootDeadline, clock: Clock, bootId: string, onPast: () => void): () => void {
  let cancel: () => void;
  const wait = () => {
    const now = momentNow(clock, bootId);
    const remainingMs = isBefore(now, deadline) ? deadline.dueMs - now.sinceBootMs : 0;
    cancel = clock.after(Math.min(remainingMs, READ_MS), () => {
      if (isBefore(momentNow(clock, bootId), deadline)) wait();
      else onPast();
    });
  };
  wait();
  return () => cancel();
}
