/**
 * Where a run may be killed by a test: at every commit, on both sides of every touch of the host, and after a resume has opened
 * the host. The names are `SIDE commit EVENT [STEP or change]`, `SIDE touch STEP apply|undo N OPERATION`, and `after open`, SIDE
 * being `before` or `after`, N counting the touches of one OPERATION in one attempt.
 */
export interface CrashPoints {
  reach(point: string): void;
}

/** In every run but those that a test kills. */
export const NO_CRASH_POINTS: CrashPoints = { reach: () => {} };
