import type { HostContext } from '../../engine/workflow/step.ts';
import { pause } from '../../host/machine/clock.ts';

const PAUSE_MS = 100;
/** An attempt that would have less time than this is not begun. */
const LEAST_ATTEMPT_MS = 100;

/**
 * Tries until an attempt is good or the time is over, and answers the last one: a service that has just been
 * started is waited for. `attempt` is given what remains of the time, in milliseconds.
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
