import { pause } from '../../../engine/ports/clock.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';

const POLL_MS = 50;

/**
 * Looks at an engine, which changes in the background, until the look is good, the time is over, or the step is stopped. Returns the last
 * look, also of a stopped step: the caller decides by it.
 */
export async function lookUntil<Look>(
  { host: { clock }, signal }: HostContext,
  withinMs: number,
  look: () => Promise<Look>,
  isGood: (look: Look) => boolean,
): Promise<Look> {
  const until = clock.now() + withinMs;
  for (;;) {
    const last = await look();
    if (isGood(last) || clock.now() >= until || signal.aborted) return last;
    await pause(clock, POLL_MS, signal);
  }
}
