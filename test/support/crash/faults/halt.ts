import Database from 'better-sqlite3';
import { isDead, processStat } from '../../../../src/host/processes/process.ts';
import { PinnedConnection } from '../../../../src/sqlite/pinned-connection.ts';
import type { RunningWf } from '../../command/wf-process.ts';
import type { Lane } from '../lane.ts';

/**
 * Stops a process at the first line on stderr that matches, or very soon after it, but not during a commit, in which it would keep
 * the database locked.
 */
export async function haltAt(lane: Lane, wf: RunningWf, line: RegExp): Promise<void> {
  await wf.haltAt(line);
  while (isLocked(lane.database)) {
    wf.kill('SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 2));
    wf.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Resolves when the process is stopped (SIGSTOP). Throws if it ends instead. */
export async function halted(wf: RunningWf): Promise<void> {
  for (;;) {
    const stat = processStat(wf.pid);
    if (stat?.state === 'T') return;
    if (stat === undefined || isDead(stat)) throw new Error(`wf ended: ${(await wf.end).stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function isLocked(database: string): boolean {
  const db = new PinnedConnection(database, { timeout: 0 });
  try {
    db.transaction(() => {}).immediate();
    return false;
  } catch (thrown) {
    if (thrown instanceof Database.SqliteError && thrown.code === 'SQLITE_BUSY') return true;
    throw thrown;
  } finally {
    db.close();
  }
}
