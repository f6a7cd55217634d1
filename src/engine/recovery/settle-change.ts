import { isConfirmed, unconfirmedIn } from '../confirm/unconfirmed-run.ts';
import { runTakesNoEvent } from '../machine/sent-event.ts';
import { needsUndo } from '../model/change.ts';
import { WfError } from '../model/errors.ts';
import type { JournalEntry, JournalEvent, RunSuccess } from '../model/journal-event.ts';
import type { Demand, OpenRequest } from '../model/request.ts';
import { openHostOf } from '../place/recorded-host.ts';
import { requirePlace } from '../place/require-place.ts';
import { isEnd, type StoredRun } from '../ports/history.ts';
import { handled } from '../requests/answers.ts';
import { openRequestsOf } from '../requests/open-requests.ts';
import type { EngineServices, RollBackRequest, RunHandle, RunObserver } from '../run/engine.ts';
import { endSettled } from '../run/finish-run.ts';
import { releaseAtEnd } from '../run/release-run.ts';
import { runNotFound } from '../run/run-refusal.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { begunRollBack, rolledBackOnRequest } from './roll-back-run.ts';
import { finishRequest, runnersOf, takeOverToUndo } from './take-over-to-undo.ts';

type Settling = Extract<Demand, { kind: 'settle' }>;

/**
 * Carries out the open requests to settle changes of a run that has ended, and ends it again by the new state of its ledger and the host.
 * Compares the host only where the run was started; elsewhere, or if that place is gone, the error of the run notes that.
 * Returns null if no such request is open.
 * @throws WfError E_RUN_NOT_FOUND; E_LEASE_HELD while a living process advances the run
 */
export async function settleChanges(
  services: EngineServices,
  { run: id, runner, by }: Omit<RollBackRequest, 'removeKept' | 'secrets' | 'cause'>,
  secrets: Secrets,
  observer: RunObserver,
): Promise<RunHandle | null> {
  const { history } = services;
  const found = history.run(id);
  if (found === undefined) throw runNotFound(id);
  const due = () => openRequestsOf(history, id).filter(isSettling);
  const isDue = ({ status }: StoredRun) => isEnd(status) && due().length > 0;
  if (!isDue(found)) return null;
  const runners = runnersOf(history.changes(id), runner);
  const elsewhere = placeError(() => requirePlace(services, found, runners));
  const host = await openHostOf(services, found);
  const taken = await takeOverToUndo(services, { run: found, host, isDue, runner, secrets, observer, by });
  if (taken === null) return null;
  const { run, journal, entries } = taken;
  try {
    const open = new Set(journal.changes().flatMap((change) => (needsUndo(change) ? [change.seq] : [])));
    await journal.append(due().flatMap((request) => settledBy(request, open)));
    const error = begunRollBack(entries)?.error ?? run.error ?? rolledBackOnRequest(run).toRecord();
    const request = finishRequest(taken, () => undefined);
    const handle: RunHandle = {
      id,
      result: endSettled(request, error, confirmedEnd(entries), elsewhere),
      send: async () => {
        throw runTakesNoEvent(id, 'has ended');
      },
      interrupt() {},
    };
    return releaseAtEnd(handle, taken);
  } catch (thrown) {
    taken.releaseWithLease();
    throw thrown;
  }
}

/** Returns the end of a run that somebody has confirmed; undefined if nobody has, or it was rolled back. */
function confirmedEnd(entries: readonly JournalEntry[]): RunSuccess | undefined {
  const run = unconfirmedIn(entries);
  if (run === undefined || !isConfirmed(entries)) return undefined;
  return { status: 'succeeded', output: run.output, ...(run.proofs === undefined ? {} : { proofs: run.proofs }) };
}

function isSettling(request: OpenRequest): request is OpenRequest & { readonly demand: Settling } {
  return request.demand.kind === 'settle';
}

/** Returns the events of one request; none if its change is settled already, by a rival: its sender detects that. */
function settledBy(
  { number, by, demand }: OpenRequest & { readonly demand: Settling },
  open: Set<number>,
): readonly JournalEvent[] {
  if (!open.delete(demand.change)) return [];
  const reason = `settled by ${by.sudoUser ?? by.user}: ${demand.reason}`;
  return [{ type: 'change.settled', seq: demand.change, status: demand.as, reason }, handled({ number })];
}

function placeError(check: () => void): WfError | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof WfError) return thrown;
    throw thrown;
  }
}
