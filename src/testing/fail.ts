import { openSession, type TestedWorkflow } from './session.ts';

const TOUCH_OF_APPLY = / touch \S+ apply /;

/**
 * Makes each command or request of `apply` fail in turn: once before it has any effect, and once after its full effect. The run
 * must end, failed or not (`onError`), and its undo must restore the host. Returns the points of the failures.
 */
export async function failEachTouch(tested: TestedWorkflow): Promise<readonly string[]> {
  const session = await openSession(tested);
  const failed = new Set<string>();
  for (const point of session.points(TOUCH_OF_APPLY)) {
    const run = session.nextRun(point);
    const end = await run.start({ failAt: point });
    run.requireExit(end, [0, 1]);
    if (end.exitCode === 1) failed.add(point);
    await run.undo();
  }
  return session.close(failed);
}

/**
 * Makes each step of an undisturbed run fail in turn, before it does anything. The history must name that step as failed, the run
 * must end, failed or not (`onError`), and its undo must restore the host. Returns the ids of the steps.
 */
export async function failEachStep(tested: TestedWorkflow): Promise<readonly string[]> {
  const session = await openSession(tested);
  const failed = new Set<string>();
  for (const step of session.steps) {
    const run = session.nextRun(`step ${step}`);
    const end = await run.start({ failStep: step });
    run.requireExit(end, [0, 1]);
    const [first] = run.steps(end).filter(({ hasFailed }) => hasFailed);
    if (first?.id !== step) run.fail(`the step ${step} was to fail, and ${first?.id ?? 'none'} failed first`);
    failed.add(step);
    await run.undo();
  }
  return session.close(failed);
}
