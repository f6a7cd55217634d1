import { isDeepStrictEqual } from 'node:util';
import { openSession, type TestedRun, type TestedWorkflow } from './session.ts';

/** A foreign object with the name, address or place that the workflow wants. */
export interface Foreign {
  /** Creates it, as another program would. */
  put(): unknown;
  /** Removes it. */
  remove(): unknown;
}

/**
 * Starts a run while each of these objects is in its way, one after the other. The run must be refused, fail, or succeed without it; its
 * undo must leave the foreign object exactly as it was.
 */
export async function foreignInTheWay(
  tested: TestedWorkflow,
  things: Readonly<Record<string, Foreign>>,
): Promise<void> {
  const session = await openSession(tested);
  for (const [name, foreign] of Object.entries(things)) {
    const run = session.nextRun(`${name} is in the way`);
    await foreign.put();
    try {
      const before = await tested.observe(run.id);
      run.requireExit(await run.start(), [0, 1, 3, 4]);
      run.requireExit(await run.wf(['rollback', run.id]), [0, 2, 4]);
      const after = await tested.observe(run.id);
      if (!isDeepStrictEqual(after, before)) {
        run.fail(`expected the state ${JSON.stringify(before)}, got ${JSON.stringify(after)}`);
      }
    } finally {
      await foreign.remove();
    }
    await run.requireState('before');
  }
  session.close(new Set(Object.keys(things)));
}

/**
 * Starts two runs at the same moment. At least one must succeed; the other one may be refused or fail. Once both are undone, in
 * either order, the host must be restored.
 */
export async function runTwiceSideBySide(tested: TestedWorkflow): Promise<void> {
  const session = await openSession(tested);
  const orders: readonly ((runs: readonly TestedRun[]) => readonly TestedRun[])[] = [
    (runs) => runs,
    (runs) => runs.toReversed(),
  ];
  for (const ordered of orders) {
    const runs = [session.nextRun('side by side'), session.nextRun('side by side')];
    const ends = await Promise.all(runs.map((run) => run.start()));
    for (const [index, run] of runs.entries()) {
      const end = ends[index];
      if (end !== undefined) run.requireExit(end, [0, 1, 4]);
    }
    if (!ends.some(({ exitCode }) => exitCode === 0)) runs[0]?.fail('neither of two runs side by side succeeded');
    // Exit codes 2 and 4: there is no such run, or no change is in place.
    for (const run of ordered(runs)) run.requireExit(await run.wf(['rollback', run.id]), [0, 2, 4]);
    await runs[0]?.requireState('before');
  }
  session.close(new Set(['side by side']));
}
