import type { ObjectOptions, RetryPolicy } from '@restatedev/restate-sdk';

/** Seconds of handlers that take milliseconds: Restate may ask for their state again at any time. */
const RETRIES = { initialInterval: 50, exponentiationFactor: 2, maxInterval: 2_000 } satisfies RetryPolicy;

/**
 * Options of handlers that change state. They are retried until they succeed: a handler that is given up, as by default after 70
 * attempts, would leave a host without its item.
 */
export const CHANGING = {
  retryPolicy: { ...RETRIES, maxAttempts: 1_000_000_000, onMaxAttempts: 'pause' },
  inactivityTimeout: 10_000,
  abortTimeout: 30_000,
  // State and results are all that is needed afterwards.
  journalRetention: 0,
} satisfies ObjectOptions;

/** Options of handlers that only read, which their callers call again. */
export const READING = {
  retryPolicy: { ...RETRIES, maxAttempts: 5, onMaxAttempts: 'kill' },
  inactivityTimeout: 10_000,
  abortTimeout: 30_000,
  journalRetention: 0,
} satisfies ObjectOptions;
