/** How long a probe may take. */
export interface ProbeTime {
  /**
   * Where an answer is expected: all of the time from the beginning of the step. Where silence is: how long is listened
   * after asking, so that a program that is slow to start cannot pass for silence.
   */
  readonly deadlineMs: number;
  readonly mustFail: boolean;
}

/** How long a program may take to start on a machine that is busy. */
const START_MS = 2_000;

/** After this many milliseconds nothing of the probe is alive. */
export function endOf({ deadlineMs, mustFail }: ProbeTime): number {
  return mustFail ? deadlineMs + START_MS : deadlineMs;
}

/** The same for a program of a container's image where silence is expected: Docker starts it in some 50 ms, and ends it itself. */
export const CONTAINER_START_MS = 200;
