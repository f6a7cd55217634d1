import { z } from 'zod';

/** Time limit of the probe, see ProbeTime. */
export const deadlineSchema = z
  .number()
  .int()
  .min(50)
  .describe(
    "longest wait for the expected answer in milliseconds; with `must: 'fail'`, the time to listen for any answer",
  );

/** Expectation of a probe: an answer or a success, or neither. */
const MUST = ['succeed', 'fail'] as const;
type Must = (typeof MUST)[number];

/** Returns the input `must` of a probe. @param fail the meaning of `fail` */
export function mustInput(fail: string) {
  return z.enum(MUST).default('succeed').describe(`expectation; \`fail\`: ${fail}`);
}

/** Time limits of a probe. */
export interface ProbeTime {
  /**
   * Milliseconds. If an answer is expected, the whole time from the beginning of the step. If silence is expected, the time to
   * listen after the request, so that the slow start of a program does not count as silence.
   */
  readonly deadlineMs: number;
  readonly must: Must;
}

/** Time for a program to start and to report on a busy machine. */
export const START_MS = 2_000;

/** Returns the milliseconds after which no process of the probe is alive. */
export function endOf({ deadlineMs, must }: ProbeTime): number {
  return must === 'fail' ? deadlineMs + START_MS : deadlineMs;
}

/** Start time of a program of a container's image if silence is expected: Docker starts it in about 50 ms and ends it by itself. */
export const CONTAINER_START_MS = 200;
