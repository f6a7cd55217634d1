import { runTakesNoEvent } from '../machine/sent-event.ts';
import { type Change, needsUndo } from '../model/change.ts';
import { type ErrorRecord, WfError } from '../model/errors.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import { recordedHost } from '../place/recorded-host.ts';
import { requireMadeHere } from '../place/require-made-here.ts';
import { requirePlace } from '../place/require-place.ts';
import { isEnd, type StoredRun } from '../ports/history.ts';
import type { EngineServices, RollBackRequest, RunHandle, RunObserver } from '../run/engine.ts';
import { rollBack } from '../run/finish-run.ts';
import { releaseAtEnd } from '../run/release-run.ts';
import { runNotFound } from '../run/run-refusal.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { StepRunner } from '../workflow/step.ts';
import { requireRunners } from './require-runners.ts';
import { type TakenRun, takeOver } from './take-over.ts';

/**
 * Begins to undo all that a run did that still stands. Needs the journal and the step runners only: neither the workflow file
 * nor what the run had made. Null where there is nothing to undo of a run that has ended.
 * @throws WfError E_RUN_NOT_FOUND; E_RUNNER_MISSING, E_WRONG_PLACE; E_LEASE_HELD while a living process advances the run;
 * E_ORPHAN_ALIVE. Then nothing was touched.
 */
export async function rollBackRun(
  parts: EngineServices,
  request: RollBackRequest,
  secrets: Secrets,
  observer: RunObserver,
): Promise<RunHandle | null> {
  const { history } = parts;
  const { run: id, runner } = request;
  const found = history.run(id);
  if (found === undefined) throw runNotFound(id);
  const undoable = undoableChanges(request);
  // One that needs attention may only need another look: somebody has removed by hand what was left.
  const isDue = ({ status }: StoredRun) =>
    !isEnd(status) || status === 'needs-attention' || history.changes(id).some(undoable);
  if (!isDue(found)) return null;
  const changes = history.changes(id);
  requireRunners(id, changes.filter(undoable), request, secrets);
  requirePlace(parts, found, runnersOf(changes, runner));
  const host = await parts.runtimes[found.runtime].open(found, recordedHost(history, found));
  try {
    await requireMadeHere(changes.filter(undoable), runner, host.ports);
  } catch (thrown) {
    host.close();
    throw thrown;
  }
  const taken = await takeOver(
    parts,
    {
      run: found,
      host,
      purpose: 'rollback',
      pauseAfter: null,
      holdNames: false,
      isDue,
      runner,
      alters: { facets: [], arbitrary: [] },
      secrets,
    },
    observer,
  );
  if (taken === null) return null;
  try {
    const { run } = taken;
    // What the run came to grief by, and not what an earlier rollback ended with.
    const error = begunRollBack(taken.entries)?.error ?? run.error ?? rolledBackOnRequest(run).toRecord();
    const changes = taken.journal.changes();
    const kept = changes.flatMap((change) => (!needsUndo(change) && undoable(change) ? [change.seq] : []));
    return releaseAtEnd(await continueRollBack(taken, run, { error, kept }), taken);
  } catch (thrown) {
    taken.releaseWithLease();
    throw thrown;
  }
}

function runnersOf(changes: readonly Change[], runner: RollBackRequest['runner']): readonly StepRunner[] {
  return changes.flatMap(({ kind }) => runner(kind) ?? []);
}

type RollingBack = Extract<JournalEvent, { type: 'rolling-back' }>;

/** The last rollback that the journal says has begun. */
export function begunRollBack(entries: readonly JournalEntry[]): RollingBack | undefined {
  const found = entries.findLast(({ event }) => event.type === 'rolling-back')?.event;
  return found?.type === 'rolling-back' ? found : undefined;
}

/** What a rollback undoes: what stands, and of what was to stay the changes that it was asked for, unless they are undone already. */
export function changesToUndo(changes: readonly Change[], kept: readonly number[]): readonly Change[] {
  return changes.filter((change) => needsUndo(change) || (change.status === 'kept' && kept.includes(change.seq)));
}

/** Undoes what a run that is taken over did, or what is left of it. */
export async function continueRollBack(
  { host, journal, ledger, open }: TakenRun,
  run: StoredRun,
  { error, kept }: { readonly error: ErrorRecord; readonly kept: readonly number[] },
): Promise<RunHandle> {
  const stopped = [...open.values()].map(
    ({ start, attempt }): JournalEvent => ({ type: 'step.stopped', step: start.step, attempt }),
  );
  journal.tolerateFullDisk();
  await journal.append([...stopped, { type: 'rolling-back', error, kept }]);
  const changes = changesToUndo(journal.changes(), kept);
  let signal: string | undefined;
  const conclusion = {
    header: run,
    host,
    journal,
    ledger,
    keepsChanges: false,
    proofs: () => [],
    stopSignal: () => signal,
  };
  return {
    id: run.id,
    result: rollBack(conclusion, changes, error),
    send: async () => {
      throw runTakesNoEvent(run.id, 'is rolled back');
    },
    interrupt(asked) {
      signal ??= asked;
    },
  };
}

/** What stands, and what the workflow left on the host; what a step runner keeps by design only where that is asked for. */
function undoableChanges({ runner, removeKept }: Omit<RollBackRequest, 'run'>): (change: Change) => boolean {
  const isKeptByDesign = ({ kind }: Change) => {
    const behaviour = runner(kind)?.behaviour;
    return behaviour?.type === 'change' && behaviour.kept !== null;
  };
  return (change) => needsUndo(change) || (change.status === 'kept' && (removeKept || !isKeptByDesign(change)));
}

/** Why a run that did not fail is rolled back. */
export function rolledBackOnRequest({ id, workflow, status }: StoredRun): WfError {
  const hint = `Start it anew with \`wf start ${workflow}\`.`;
  if (isEnd(status) || status === 'paused' || status === 'waiting') {
    return new WfError('E_ROLLED_BACK', `run ${id} was rolled back on request; it was ${status}`, { hint });
  }
  return new WfError('E_INTERRUPTED', `run ${id} was interrupted, and rolled back`, { hint });
}
