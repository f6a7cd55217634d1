import { stands } from './change.ts';
import { rollBack } from './conclude-run.ts';
import type { EngineParts, RollBackRequest, RunHandle, RunObserver } from './engine.ts';
import { WfError } from './errors.ts';
import type { JournalEvent } from './journal-event.ts';
import { openRun } from './open-run.ts';
import { isEnd, type StoredRun } from './ports/history.ts';

/**
 * Begins to undo all that a run did that still stands. Needs the journal and the step runners only: neither the workflow file
 * nor what the run had made. Null where there is nothing to undo of a run that has ended.
 * @throws WfError E_RUN_NOT_FOUND; E_LEASE_HELD while a living process advances the run.
 */
export function rollBackRun(
  parts: EngineParts,
  { run: id, runner }: RollBackRequest,
  observer: RunObserver,
): Pick<RunHandle, 'result'> | null {
  const { history, owner } = parts;
  const found = history.run(id);
  if (found === undefined) {
    throw new WfError('E_RUN_NOT_FOUND', `there is no run ${id}`, { hint: '`wf runs` lists them.' });
  }
  if (isEnd(found.status) && !history.changes(id).some(stands)) return null;
  const lease = history.takeOver(id, owner, parts.isAlive);
  const run = history.run(id) ?? found; // as its last owner left it
  const { journal, ledger } = openRun(parts, lease, runner, observer, history.journal(id));
  const unfinished = history.steps(id).filter(({ status }) => status === 'running' || status === 'retrying');
  const stopped = unfinished.map(
    ({ id: step, attempts }): JournalEvent => ({ type: 'step.stopped', step, attempt: attempts }),
  );
  if (stopped.length > 0) journal.append(stopped);
  const error = run.error ?? interrupted(run).toRecord();
  return { result: rollBack({ header: run, journal, ledger, keepsChanges: false }, error) };
}

function interrupted({ id, workflow }: StoredRun): WfError {
  return new WfError('E_INTERRUPTED', `run ${id} was interrupted, and rolled back`, {
    hint: `Start it anew with \`wf start ${workflow}\`.`,
  });
}
