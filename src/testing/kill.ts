import { openSession, type Session, type TestedRun, type TestedWorkflow } from './session.ts';

/** Points after a touch of the host by a step, or a commit of its progress. Host and disk do not change between two points. */
const POINT_OF_A_STEP = /^after (?:touch|commit (?:step|change)\.)/;
const TOUCH_OF_UNDO = /^after touch \S+ undo /;

/**
 * Kills a run (SIGKILL) after each commit of its steps' progress and after each command or request of their `apply` and `undo`.
 * Resumes each killed run, which must reach the same state as an undisturbed one. Then rolls it back, which must restore the host, even if
 * the rollback is killed at one of its points. Returns the points of the kills.
 */
export async function killEverywhere(tested: TestedWorkflow): Promise<readonly string[]> {
  const session = await openSession(tested);
  const killed = new Set<string>();
  const undoPoints = [...session.undoPoints(POINT_OF_A_STEP)];
  for (const point of session.points(POINT_OF_A_STEP)) {
    for (const verb of ['resume', 'rollback'] as const) {
      const run = session.nextRun(point);
      const end = await run.start({ killAt: point });
      if (end.signal === 'SIGKILL') {
        killed.add(point);
        run.requireExit(await run.wf([verb, run.id]), [0]);
        await run.requireState(verb === 'resume' ? 'after' : 'before');
        if (verb === 'rollback') continue;
      } else {
        run.requireExit(end, [0]);
      }
      await killRollBack(run, undoPoints.shift(), killed);
    }
  }
  await killRollBacks(session, undoPoints, killed);
  return session.close(killed);
}

/**
 * Undoes runs twice: kills the rollback after each command or request of `undo`, and rolls the run back again, which must restore
 * the host. Returns the points of the kills.
 * @param pauseAfter the stage after which to roll back, for a workflow that cleans up after itself
 */
export async function undoTwice(tested: TestedWorkflow, pauseAfter?: string): Promise<readonly string[]> {
  const session = await openSession(tested, pauseAfter);
  const killed = new Set<string>();
  await killRollBacks(session, session.undoPoints(TOUCH_OF_UNDO), killed);
  return session.close(killed);
}

/** Completes a run for each of these points, kills its rollback there, and adds the point to `killed`. */
async function killRollBacks(session: Session, points: readonly string[], killed: Set<string>): Promise<void> {
  for (const point of points) {
    const run = session.nextRun(point);
    run.requireExit(await run.start(), [0]);
    await killRollBack(run, point, killed);
  }
}

/** Rolls a completed run back. If a point is given, first kills the rollback there, and adds the point to `killed`. */
async function killRollBack(run: TestedRun, point: string | undefined, killed: Set<string>): Promise<void> {
  if (point !== undefined) {
    const end = await run.wf(['rollback', run.id], { killAt: point });
    if (end.signal === 'SIGKILL') killed.add(point);
    else run.requireExit(end, [0]);
  }
  await run.undo();
}
