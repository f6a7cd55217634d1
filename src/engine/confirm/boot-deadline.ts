import type { Clock } from '../ports/clock.ts';

/** A deadline on the clock that counts from the boot: setting the time of day does not move it, and a reboot is past it. */
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

/** The interval in which a process that waits for a deadline reads the clock: timers do not count the time of a suspended machine. */
const READ_MS = 1_000;

export function momentNow(clock: Clock, bootId: string): BootMoment {
  return { bootId, sinceBootMs: clock.sinceBoot() };
}

export function deadlineIn(ms: number, clock: Clock, bootId: string): BootDeadline {
  const setAtMs = clock.sinceBoot();
  return { bootId, setAtMs, dueMs: setAtMs + ms, at: clock.now() + ms };
}

/** Whether a moment is before a deadline. A clock that counts from the boot never goes back: then it is that of another boot. */
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
