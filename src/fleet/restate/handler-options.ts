import type { ObjectOptions, RetryPolicy } from '@restatedev/restate-sdk';

/** Short intervals: handlers take milliseconds, and Restate may run them again at any time. */
const RETRIES = { initialInterval: 50, exponentiationFactor: 2, maxInterval: 2_000 } satisfies RetryPolicy;

/**
 * Options of handlers that change state. Restate retries them until they succeed: giving one up, by default after 70 attempts, would
 * leave a host without its item.
 */
export const CHANGING = {
  retryPolicy: { ...RETRIES, maxAttempts: 1_000_000_000, onMaxAttempts: 'pause' },
  inactivityTimeout: 10_000,
  abortTimeout: 30_000,
  // Only state and results are needed afterwards.
  journalRetention: 0,
} satisfies ObjectOptions;

/** Options of handlers that only read. Their callers retry them. */
export const READING = {
  retryPolicy: { ...RETRIES, maxAttempts: 5, onMaxAttempts: 'kill' },
  inactivityTimeout: 10_000,
  abortTimeout: 30_000,
  journalRetention: 0,
} satisfies ObjectOptions;
