import type { RetryPolicy } from '../../../engine/workflow/step.ts';

/** Outlasts a restart of the engine, which takes about a second: the waits add up to 1.75 s. */
export const ENGINE_RETRY: RetryPolicy = { attempts: 4, initialMs: 250, factor: 2, maxMs: 2_000 };

/**
 * Longest late effect of a request whose client was killed: the engine still carries it out. Measured on Docker 20.10 in 450
 * requests: a network at most 233 ms later, a container 34 ms, a start 255 ms, a removal 393 ms. Five times the longest, for
 * slower machines.
 */
export const LATE_EFFECT_MS = 2_000;
