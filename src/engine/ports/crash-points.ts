/**
 * The points at which a test may kill a run: before and after every commit and every touch of the host, and after a resume has opened
 * the host. Their names are `SIDE commit EVENT [STEP or change]`, `SIDE touch STEP apply|undo N OPERATION`, and `after open`; SIDE is
 * `before` or `after`, and N counts the touches of one OPERATION in one attempt.
 */
export interface CrashPoints {
  reach(point: string): void;
  /** Called when an attempt at a step begins. @throws WfError if a test lets this step fail */
  beginStep?(step: string): void;
}

/** The crash points of every run that no test kills. */
export const NO_CRASH_POINTS: CrashPoints = { reach: () => {} };
