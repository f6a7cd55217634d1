import type { RuntimeChoice } from '../../engine/run/engine.ts';

/** Returns the chosen runtime and the reason. */
export function runtimeLine({ runtime, why }: RuntimeChoice): string {
  return why === null ? `runtime ${runtime}` : `runtime ${runtime}: ${why}`;
}
