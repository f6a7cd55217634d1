import type { RuntimeChoice } from '../../engine/run/engine.ts';

/** Which runtime was taken, and why. */
export function runtimeLine({ runtime, why }: RuntimeChoice): string {
  return why === null ? `runtime ${runtime}` : `runtime ${runtime}: ${why}`;
}
