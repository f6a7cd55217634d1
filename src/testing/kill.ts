import { openSession, type Session, type TestedWorkflow } from './session.ts';

/** Points after a touch of the host by a step, or a commit of its progress. Host and disk do not change between two points. */
const POINT_OF_A_STEP = /^after (?:touch|commit (?:step|change)\.)/;
const TOUCH_OF_UNDO = /^after touch \S+ undo /;

/**
 * Kills a run (SIGKILL) after each commit of its steps' progress and after each command or request of their `apply` and `undo`.
 * Resumes each killed run, which must reach the same state as an undisturbed one; and rolls it back, which must restore the host.
 * Then kills the rollback of a completed run in the same way, and rolls the run back again. Returns the points of the kills.
 */
export async function killEverywhere(tested: TestedWorkflow): Promise<readonly string[]> {
  const session = await openSession(tested);
  const killed = new Set<string>();
  for (const point of session.points.filter((point) => POINT_OF_A_STEP.test(point))) {
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
      await run.undo();
    }
  }
  await killRollBacks(session, POINT_OF_A_STEP, killed);
  return session.close(killed);
}

/**
 * Undoes runs twice: kills the rollback after each command or request of `undo`, and rolls the run back again, which must restore
 * the host. Returns the points of the kills.
 * @param pauseAfter the stage after which to roll back, for a workflow that cleans up by itself
 */
export async function undoTwice(tested: TestedWorkflow, pauseAfter?: string): Promise<readonly string[]> {
  const session = await openSession(tested, pauseAfter);
  const killed = new Set<string>();
  await killRollBacks(session, TOUCH_OF_UNDO, killed);
  return session.close(killed);
}

/** Kills the rollback of a completed run at each of these points, and adds each to `killed`. */
async function killRollBacks(session: Session, points: RegExp, killed: Set<string>): Promise<void> {
  for (const point of session.undoPoints.filter((point) => points.test(point))) {
    const run = session.nextRun(point);
    run.requireExit(await run.start(), [0]);
    const end = await run.wf(['rollback', run.id], { killAt: point });
    if (end.signal === 'SIGKILL') killed.add(point);
    else run.requireExit(end, [0]);
    await run.undo();
  }
}
