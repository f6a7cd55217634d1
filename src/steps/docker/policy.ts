import type { RetryPolicy } from '../../engine/step.ts';

/** Enough to outlast a restart of the engine, which takes about a second: it waits 0.25 + 0.5 + 1 s in all. */
export const ENGINE_RETRY: RetryPolicy = { attempts: 4, initialMs: 250, factor: 2, maxMs: 2_000 };
