import { openHistory } from '../../../src/history/open.ts';
import type { Project } from '../command/run-wf.ts';
import { runId } from '../in-process/folder-host.ts';

/** Returns the pid of the process that guards a run. */
export function guardOf({ database }: Pick<Project, 'database'>, id: string): number {
  const history = openHistory(database);
  try {
    const armed = history.journal(runId(id)).findLast(({ event }) => event.type === 'armed')?.event;
    if (armed?.type !== 'armed' || armed.guard.type !== 'process') throw new Error(`run ${id} has no process as guard`);
    return armed.guard.process.pid;
  } finally {
    history.close();
  }
}
