import type { RetryPolicy } from '../../../engine/workflow/step.ts';

/** Enough to outlast a restart of the engine, which takes about a second: it waits 0.25 + 0.5 + 1 s in all. */
export const ENGINE_RETRY: RetryPolicy = { attempts: 4, initialMs: 250, factor: 2, maxMs: 2_000 };

/**
 * An engine goes on with a request whose client was killed. Measured on Docker 20.10, the connection closed 0 to 50 ms after the
 * request: each of 450 was carried out all the same, a network at most 233 ms later, a container 34 ms, a start 255 ms, a
 * removal 393 ms (two cores, with and without eight busy processes). Five times the longest, for slower machines.
 */
export const LANDS_WITHIN_MS = 2_000;
