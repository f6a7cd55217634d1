import type { RetryPolicy } from '../../../engine/workflow/step.ts';

/** Outlasts a restart of the engine, which takes about a second: the waits add up to 1.75 s. */
export const ENGINE_RETRY: RetryPolicy = { attempts: 4, initialMs: 250, factor: 2, maxMs: 2_000 };

/**
 * Longest late effect of a request whose client was killed: the engine still executes it. Five times the longest of 450 requests to
 * Docker 20.10, which took 393 ms, for slower machines.
 */
export const LATE_EFFECT_MS = 2_000;
