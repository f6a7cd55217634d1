/**
 * Tests of step runners: run a workflow repeatedly with `wf` itself, and kill it, let it fail, or undo it at each point in turn.
 * Each function throws at the first run with a wrong end, with the point, the output of wf and the path of its history, which is
 * kept. Works with any test runner; allow minutes per test, because each point takes one or more processes.
 */
import { openSession, type TestedWorkflow } from './session.ts';

export type { TestedWorkflow } from './session.ts';

/** Points after a touch of the host by a step, or a commit of its progress. Host and disk do not change between two points. */
const POINT_OF_A_STEP = /^after (?:touch|commit (?:step|change)\.)/;
const TOUCH_OF_APPLY = / touch \S+ apply /;
const TOUCH_OF_UNDO = /^after touch \S+ undo /;

/**
 * Kills a run (SIGKILL) after each commit of its steps' progress and after each command or request of their `apply` and `undo`.
 * Resumes each killed run, which must reach the same state as an undisturbed one; and rolls it back, which must restore the host.
 * Returns the points of the kills.
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
 * Lets each command or request of `apply` fail in turn: once before it has any effect, and once after its full effect. The run
 * must end, failed or not (`onError`), and its undo must restore the host. Returns the points of the failures.
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
 * Undoes runs twice: kills the rollback after each command or request of `undo`, and rolls the run back again, which must restore
 * the host. Returns the points of the kills.
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
