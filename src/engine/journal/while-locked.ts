import { WfError } from '../model/errors.ts';
import { type Clock, pause } from '../ports/clock.ts';

/** How long a run waits for a database that another process has locked (a backup, a shell with an open transaction). */
const LOCKED_LIMIT_MS = 30_000;
const PAUSE_MS = 100;

/**
 * Repeats `work` while another process has the database locked. Each try waits for the lock by itself, too.
 * @throws WfError E_DATABASE_LOCKED after the limit; any other error of `work`, at once
 */
export async function whileLocked<Answer>(clock: Clock, work: () => Answer | Promise<Answer>): Promise<Answer> {
  const until = clock.now() + LOCKED_LIMIT_MS;
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!isLocked(thrown) || clock.now() >= until) throw thrown;
    }
    await pause(clock, PAUSE_MS);
  }
}

function isLocked(thrown: unknown): boolean {
  return thrown instanceof WfError && thrown.code === 'E_DATABASE_LOCKED';
}
