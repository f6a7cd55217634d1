/**
 * Tests of step runners: a workflow is run again and again by `wf` itself, and is killed, fails, or is undone at each point in turn.
 * Each function throws at the first run that does not end as it must, with the point, the output of wf and the path of its history,
 * which is then kept. For any test runner; give a test minutes, since each point takes one or more processes.
 */
import { openSession, type TestedWorkflow } from './session.ts';

export type { TestedWorkflow } from './session.ts';

/** After a touch of the host by a step, or a commit of its progress. Before the next one, the host and the disk are the same. */
const POINT_OF_A_STEP = /^after (?:touch|commit (?:step|change)\.)/;
const TOUCH_OF_APPLY = / touch \S+ apply /;
const TOUCH_OF_UNDO = /^after touch \S+ undo /;

/**
 * Kills a run (SIGKILL) after each commit of its steps' progress, and after each command or request of their `apply` and `undo`. Each killed run is once resumed, and must come to the same state as one that nobody killed; and once rolled back, and must
 * leave the host as it was. Returns the points at which a run was killed.
 */
export async function killAtEveryPoint(tested: TestedWorkflow): Promise<readonly string[]> {
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
  return session.close(killed);
}

/**
 * Lets each command or request of `apply` fail in turn: once before it has done anything, and once after it has done all. The run must
 * end, failed or not (`onError`), and leave the host as it was when it is undone. Returns the points at which a step failed.
 */
export async function failAtEveryTouch(tested: TestedWorkflow): Promise<readonly string[]> {
  const session = await openSession(tested);
  const failed = new Set<string>();
  for (const point of session.points.filter((point) => TOUCH_OF_APPLY.test(point))) {
    const run = session.nextRun(point);
    const end = await run.start({ failAt: point });
    run.requireExit(end, [0, 1]);
    if (end.exitCode === 1) failed.add(point);
    await run.undo();
  }
  return session.close(failed);
}

/**
 * Undoes runs twice: kills the rollback after each command or request of `undo`, and rolls the run back again, which must
 * leave the host as it was. Returns the points at which a rollback was killed.
 * @param pauseAfter the stage after which to roll back, for a workflow that cleans up by itself
 */
export async function undoTwice(tested: TestedWorkflow, pauseAfter?: string): Promise<readonly string[]> {
  const session = await openSession(tested, pauseAfter);
  const killed = new Set<string>();
  for (const point of session.undoPoints.filter((point) => TOUCH_OF_UNDO.test(point))) {
    const run = session.nextRun(point);
    run.requireExit(await run.start(), [0]);
    const end = await run.wf(['rollback', run.id], { killAt: point });
    if (end.signal === 'SIGKILL') killed.add(point);
    else run.requireExit(end, [0]);
    await run.undo();
  }
  return session.close(killed);
}
