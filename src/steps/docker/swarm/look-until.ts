import { pause } from '../../../engine/ports/clock.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';

const POLL_MS = 50;

/**
 * Observes an engine, which changes in the background, until the observation is good, the time is over, or the step is stopped. Returns the
 * last observation in each case: the caller judges it.
 */
export async function lookUntil<Seen>(
  { host: { clock }, signal }: HostContext,
  withinMs: number,
  observe: () => Promise<Seen>,
  isGood: (seen: Seen) => boolean,
): Promise<Seen> {
  const until = clock.now() + withinMs;
  for (;;) {
    const last = await observe();
    if (isGood(last) || clock.now() >= until || signal.aborted) return last;
    await pause(clock, POLL_MS, signal);
  }
}
