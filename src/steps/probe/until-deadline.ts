import { pause } from '../../engine/ports/clock.ts';
import type { HostContext } from '../../engine/workflow/step.ts';

const PAUSE_MS = 100;
/** Shortest time for an attempt; with less time left, none begins. */
const LEAST_ATTEMPT_MS = 100;

/**
 * Repeats an attempt until it is good or the time is over, and returns the last result: a service that has just started may need
 * time. `attempt` gets the remaining milliseconds.
 */
export async function untilDeadline<Result>(
  context: HostContext,
  deadlineMs: number,
  attempt: (remainingMs: number) => Promise<Result>,
  isGood: (result: Result) => boolean,
): Promise<Result> {
  const { clock } = context.host;
  const until = clock.now() + deadlineMs;
  let result = await attempt(deadlineMs);
  while (!isGood(result) && until - clock.now() > PAUSE_MS + LEAST_ATTEMPT_MS) {
    await pause(clock, PAUSE_MS, context.signal);
    context.signal.throwIfAborted();
    result = await attempt(until - clock.now());
  }
  return result;
}
