import { pause } from '../engine/ports/clock.ts';
import type { HostContext } from '../engine/workflow/step.ts';

/** Shortest time for an attempt; none begins with less time left. */
const LEAST_ATTEMPT_MS = 100;

/** Judges the result of an attempt. */
interface Judge<Result> {
  isGood(result: Result): boolean;
  /** Returns whether the attempt ended at its deadline and so observed nothing. */
  isCutOff(result: Result): boolean;
}

/**
 * Repeats an attempt until it is good or the time is over: a service that has just started may need time. Returns the last attempt
 * that observed something, otherwise the first. `attempt` receives the remaining milliseconds.
 */
export async function untilDeadline<Result>(
  context: HostContext,
  { deadlineMs, everyMs = 100 }: { readonly deadlineMs: number; readonly everyMs?: number },
  attempt: (remainingMs: number) => Promise<Result>,
  { isGood, isCutOff }: Judge<Result>,
): Promise<Result> {
  const { clock } = context.host;
  const until = clock.now() + deadlineMs;
  const remainingMs = () => until - clock.now();
  let last = await attempt(deadlineMs);
  while (!isGood(last) && remainingMs() > 2 * LEAST_ATTEMPT_MS) {
    await pause(clock, Math.min(everyMs, remainingMs() - LEAST_ATTEMPT_MS), context.signal);
    context.signal.throwIfAborted();
    const next = await attempt(remainingMs());
    if (!isCutOff(next) || isCutOff(last)) last = next;
  }
  return last;
}
