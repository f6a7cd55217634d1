import { type ConfirmServices, concludeUnconfirmed, endConfirmed } from '../confirm/finish-unconfirmed.ts';
import { repeatProbe } from '../confirm/repeat-probe.ts';
import { isConfirmed, type UnconfirmedRun, unconfirmedIn } from '../confirm/unconfirmed-run.ts';
import { runTakesNoEvent } from '../machine/sent-event.ts';
import { changesToUndo } from '../model/change.ts';
import type { ConfirmRule } from '../model/journal-event.ts';
import type { StoredRun } from '../ports/history.ts';
import type { EngineServices, RollBackRequest, RunHandle, RunObserver } from '../run/engine.ts';
import { releaseAtEnd } from '../run/release-run.ts';
import { runNotFound } from '../run/run-refusal.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { TakenRun } from './take-over.ts';
import { finishRequest, takeOverChanges } from './take-over-to-undo.ts';

interface ConcludeRequest extends Omit<RollBackRequest, 'removeKept' | 'secrets' | 'cause'> {
  readonly until: 'deadline' | 'answered';
}

/**
 * Takes over an unconfirmed run that nobody advances, answers its requests, and ends it once somebody confirms it, or undoes it at its
 * deadline. Needs only the journal and the step runners, as a rollback. Returns null if the run is not unconfirmed.
 * @throws WfError as `rollBackRun` does
 */
export async function concludeRun(
  services: EngineServices,
  request: ConcludeRequest,
  secrets: Secrets,
  observer: RunObserver,
): Promise<RunHandle | null> {
  const { history } = services;
  const { run: id, until } = request;
  const found = history.run(id);
  if (found === undefined) throw runNotFound(id);
  const isDue = ({ status }: StoredRun) => status === 'unconfirmed';
  const seen = unconfirmedIn(history.journal(id));
  const rule = found.options.confirm;
  if (!isDue(found) || seen === undefined || rule === undefined) return null;
  const changes = changesToUndo(history.changes(id), seen.kept);
  const taken = await takeOverChanges(services, {
    run: found,
    changes,
    runners: request,
    isDue,
    secrets,
    observer,
    by: request.by,
  });
  if (taken === null) return null;
  const { entries, journal } = taken;
  const run: UnconfirmedRun = unconfirmedIn(entries) ?? seen;
  let signal: string | undefined;
  const finishing = finishRequest(taken, () => signal);
  journal.tolerateFullDisk();
  const handle: RunHandle = {
    id,
    // A killed process may have confirmed the run without ending it.
    result: isConfirmed(entries)
      ? endConfirmed(finishing, run)
      : concludeUnconfirmed(finishing, confirmServices(services, taken, rule, request), run, until),
    send: async () => {
      throw runTakesNoEvent(id, 'has reached the end of its machine');
    },
    interrupt(asked) {
      signal ??= asked;
    },
  };
  return releaseAtEnd(handle, taken);
}

function confirmServices(
  { history, inbox, guards, clock, owner }: EngineServices,
  taken: TakenRun,
  rule: ConfirmRule,
  { runner }: ConcludeRequest,
): ConfirmServices {
  const { lease, entries } = taken;
  const { bootId } = owner;
  const probe = async (limitMs: number) =>
    rule.probe === null ? undefined : repeatProbe(taken, { invoke: rule.probe, entries, owner, limitMs, runner });
  return { rule, history, lease, inbox, guards, clock, bootId, revertsOnStop: false, probe };
}
