import { openSession, type TestedWorkflow } from './session.ts';

/** Points after a touch of the host by `apply`. */
const TOUCH_OF_APPLY = /^after touch \S+ apply /;

/**
 * Simulates a reboot: `reboot` removes everything that a reboot removes (links, processes, running values), and wf reads another boot id
 * from then on. Rolls a completed run back after the reboot. Also kills a run after each command or request of `apply`, then resumes and
 * rolls it back. A resumed run must reach the same state as an undisturbed one, or fail; each undo
 * must restore the host. Needs root, or user namespaces. Returns the points of the kills.
 */
export async function afterReboot(tested: TestedWorkflow, reboot: () => unknown): Promise<readonly string[]> {
  const session = await openSession(tested);
  const killed = new Set<string>();
  const completed = session.nextRun('a reboot after the end of the run');
  completed.requireExit(await completed.start(), [0]);
  await reboot();
  completed.requireExit(await completed.wf(['rollback', completed.id], { rebooted: true }), [0, 4]);
  await completed.requireState('before');
  for (const point of session.points(TOUCH_OF_APPLY)) {
    for (const verb of ['resume', 'rollback'] as const) {
      const run = session.nextRun(`a reboot ${point}`);
      const end = await run.start({ killAt: point });
      if (end.signal === 'SIGKILL') killed.add(point);
      else run.requireExit(end, [0]);
      await reboot();
      const recovered = await run.wf([verb, run.id], { rebooted: true });
      // Exit codes 1 and 4: the changes that the run needs are gone. Exit code 2: it had ended before the kill.
      run.requireExit(recovered, verb === 'resume' ? [0, 1, 2, 4] : [0, 4]);
      if (verb === 'resume') {
        if (recovered.exitCode === 0) await run.requireState('after');
        run.requireExit(await run.wf(['rollback', run.id], { rebooted: true }), [0, 4]);
      }
      await run.requireState('before');
    }
  }
  return session.close(killed);
}
