import { runTakesNoEvent } from '../machine/sent-event.ts';
import { type Change, changesToUndo, needsUndo } from '../model/change.ts';
import { type ErrorRecord, WfError } from '../model/errors.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import type { OpenRequest } from '../model/request.ts';
import { isEnd, type StoredRun } from '../ports/history.ts';
import { handled, refused, requestRefused } from '../requests/answers.ts';
import { cancellationBy } from '../requests/cancellation.ts';
import { openRequestsOf } from '../requests/open-requests.ts';
import type { EngineServices, RollBackRequest, RunHandle, RunObserver } from '../run/engine.ts';
import { rollBack } from '../run/finish-run.ts';
import { releaseAtEnd } from '../run/release-run.ts';
import { runNotFound } from '../run/run-refusal.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { TakenRun } from './take-over.ts';
import { finishRequest, takeOverChanges } from './take-over-to-undo.ts';

/**
 * Begins to undo the changes of a run that are in place. Needs only the journal and the step runners: neither the workflow file
 * nor the objects that the run had made. Returns null if the run has ended and has nothing to undo.
 * @throws WfError E_RUN_NOT_FOUND; E_RUNNER_MISSING, E_WRONG_PLACE; E_LEASE_HELD while a living process advances the run;
 * E_ORPHAN_ALIVE. Then nothing was touched.
 */
export async function rollBackRun(
  services: EngineServices,
  request: RollBackRequest,
  secrets: Secrets,
  observer: RunObserver,
): Promise<RunHandle | null> {
  const { history } = services;
  const { run: id } = request;
  const found = history.run(id);
  if (found === undefined) throw runNotFound(id);
  const undoable = undoableChanges(request);
  // A run that needs attention may only need to be verified again: somebody has removed by hand what was left.
  const isDue = ({ status }: StoredRun) =>
    !isEnd(status) || status === 'needs-attention' || history.changes(id).some(undoable);
  if (!isDue(found)) return null;
  const changes = history.changes(id);
  const undone = { run: found, changes: changes.filter(undoable), runners: request };
  const taken = await takeOverChanges(services, { ...undone, isDue, secrets, observer, by: request.by });
  if (taken === null) return null;
  try {
    const { run } = taken;
    // The error that ended the run, not the one that an earlier rollback ended with.
    const error =
      begunRollBack(taken.entries)?.error ?? run.error ?? (request.cause ?? rolledBackOnRequest(run)).toRecord();
    const changes = taken.journal.changes();
    const kept = changes.flatMap((change) => (!needsUndo(change) && undoable(change) ? [change.seq] : []));
    return releaseAtEnd(await continueRollBack(services, taken, { error, kept }), taken);
  } catch (thrown) {
    taken.releaseWithLease();
    throw thrown;
  }
}

type RollingBack = Extract<JournalEvent, { type: 'rolling-back' }>;

/** Returns the event of the last rollback that has begun. */
export function begunRollBack(entries: readonly JournalEntry[]): RollingBack | undefined {
  const found = entries.findLast(({ event }) => event.type === 'rolling-back')?.event;
  return found?.type === 'rolling-back' ? found : undefined;
}

/**
 * Undoes the changes of a run that was taken over, or those that an earlier rollback has left. Before the first rollback, a request can
 * cancel the run, which then ends with that error. Refuses all other requests.
 */
export async function continueRollBack(
  { history, inbox }: EngineServices,
  taken: TakenRun,
  { error: given, kept }: { readonly error: ErrorRecord; readonly kept: readonly number[] },
): Promise<RunHandle> {
  const { run, journal, open, entries } = taken;
  const refusal = (request: OpenRequest) =>
    refused(request, requestRefused(run.id, request.demand, 'it is rolled back'));
  const requests = openRequestsOf(history, run.id);
  const isCancelled = ({ demand }: OpenRequest) =>
    demand.kind === 'cancel' && !isEnd(run.status) && begunRollBack(entries) === undefined;
  const answers = requests.map((request) => (isCancelled(request) ? handled(request) : refusal(request)));
  const [cancellation] = requests.filter(isCancelled).flatMap((request) => cancellationBy(run.id, request) ?? []);
  const error = cancellation?.error.toRecord() ?? given;
  const stopped = [...open.values()].map(
    ({ start, attempt }): JournalEvent => ({ type: 'step.stopped', step: start.step, attempt }),
  );
  journal.tolerateFullDisk();
  await journal.append([...stopped, ...answers, { type: 'rolling-back', error, kept }]);
  // Once the run has ended, the sender of a request detects that itself.
  const unwatch = inbox.watch(run.id, (request) => void journal.append([refusal(request)]).catch(() => {}));
  const changes = changesToUndo(journal.changes(), kept);
  let signal: string | undefined;
  const request = finishRequest(taken, () => signal);
  return {
    id: run.id,
    result: rollBack(request, changes, error).finally(unwatch),
    send: async () => {
      throw runTakesNoEvent(run.id, 'is rolled back');
    },
    interrupt(asked) {
      signal ??= asked;
    },
  };
}

/** Selects the changes that need undoing and those that the workflow kept; those that a step runner keeps by design only on request. */
function undoableChanges({ runner, removeKept }: Omit<RollBackRequest, 'run'>): (change: Change) => boolean {
  const isKeptByDesign = ({ kind }: Change) => {
    const behaviour = runner(kind)?.behaviour;
    return behaviour?.type === 'change' && behaviour.kept !== null;
  };
  return (change) => needsUndo(change) || (change.status === 'kept' && (removeKept || !isKeptByDesign(change)));
}

/** Returns the error of a run that is rolled back although it did not fail. */
export function rolledBackOnRequest({ id, workflow, status }: StoredRun): WfError {
  const hint = `Start it again with \`wf start ${workflow}\`.`;
  if (isEnd(status) || status === 'paused' || status === 'waiting' || status === 'unconfirmed') {
    return new WfError('E_ROLLED_BACK', `run ${id} was rolled back on request; it was ${status}`, { hint });
  }
  return new WfError('E_INTERRUPTED', `run ${id} was interrupted, and rolled back`, { hint });
}
