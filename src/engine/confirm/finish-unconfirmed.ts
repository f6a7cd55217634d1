import { whileLocked } from '../journal/while-locked.ts';
import { changesToUndo, needsUndo } from '../model/change.ts';
import { WfError } from '../model/errors.ts';
import type { ConfirmRule, JournalEvent } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import type { Clock } from '../ports/clock.ts';
import type { GuardPort } from '../ports/guard.ts';
import type { HistoryPort, Lease } from '../ports/history.ts';
import type { RequestInbox } from '../requests/request-inbox.ts';
import type { RunResult } from '../run/engine.ts';
import { commitEnd, type FinishRequest, judgeEnd, KEPT_BY_WORKFLOW, keepChanges, rollBack } from '../run/finish-run.ts';
import { awaitConfirmation } from './await-confirmation.ts';
import { deadlineIn } from './boot-deadline.ts';
import { GUARD_STEP, guardIn } from './guard-step.ts';
import { KEPT_UNTIL_CONFIRMED, type UnconfirmedRun } from './unconfirmed-run.ts';

export interface ConfirmServices {
  readonly rule: ConfirmRule;
  readonly history: Pick<HistoryPort, 'openRequests' | 'journal' | 'release'>;
  readonly lease: Lease;
  readonly inbox: RequestInbox;
  readonly guards: Pick<GuardPort, 'newestSession'>;
  readonly clock: Clock;
  readonly bootId: string;
  /** Whether this process started or resumed the run: a stop signal then undoes a run that nothing else watches. */
  readonly revertsOnStop: boolean;
  /** Repeats the probe that must pass, for at most this time. Returns its error. */
  probe(limitMs: number): Promise<WfError | undefined>;
}

/**
 * Keeps the changes of a run whose machine has ended, verifies the host, and waits until somebody confirms the run. Undoes the changes
 * if the host is not as it should be, or if nobody does so in time.
 */
export async function finishUnconfirmed(
  request: FinishRequest,
  services: ConfirmServices,
  output: Json,
): Promise<RunResult> {
  const { journal } = request;
  const { rule, guards, clock, bootId } = services;
  await keepChanges(journal, KEPT_UNTIL_CONFIRMED);
  const kept = journal
    .changes()
    .flatMap(({ seq, status, reason }) => (status === 'kept' && reason === KEPT_UNTIL_CONFIRMED ? [seq] : []));
  const judged = await judgeEnd(request, { type: 'succeeded', output });
  if (judged.status !== 'succeeded') {
    await journal.append([{ type: 'rolling-back', error: judged.error, kept }]);
    return rollBack(request, changesToUndo(journal.changes(), kept), judged.error);
  }
  const { status: _status, ...success } = judged;
  const newestSession = rule.newSession ? guards.newestSession() : null;
  const run = { deadline: deadlineIn(rule.withinMs, clock, bootId), newestSession, kept, ...success };
  await journal.append([{ type: 'unconfirmed', ...run }]);
  return concludeUnconfirmed(request, services, run, 'deadline');
}

/** Waits until somebody confirms an unconfirmed run, or undoes it. @param until `answered`: as long as requests are open */
export async function concludeUnconfirmed(
  request: FinishRequest,
  services: ConfirmServices,
  run: UnconfirmedRun,
  until: 'deadline' | 'answered',
): Promise<RunResult> {
  const { header, journal, stopSignal } = request;
  const confirmation = await awaitConfirmation({ run: header.id, journal, stopSignal, until, ...services }, run);
  switch (confirmation.type) {
    case 'confirmed':
      return endConfirmed(request, run);
    case 'reverting': {
      // The signal has had its effect: it does not stop the rollback too.
      const undoing = confirmation.bySignal ? { ...request, stopSignal: () => undefined } : request;
      return rollBack(undoing, changesToUndo(journal.changes(), run.kept), confirmation.error);
    }
    case 'interrupted':
      return confirmation;
    case 'unconfirmed':
      await whileLocked(services.clock, () => services.history.release(services.lease));
      return { type: 'unconfirmed', until: confirmation.deadline.at };
  }
}

/** Ends a run that somebody has confirmed: removes its guard, and leaves its changes on the host. */
export async function endConfirmed(
  request: FinishRequest,
  { output, proofs, kept }: UnconfirmedRun,
): Promise<RunResult> {
  const { journal, ledger, header } = request;
  const guard = guardIn(journal.changes());
  // An earlier process may have been killed after it had removed the guard.
  const stays = journal
    .changes()
    .filter(({ seq, status, step }) => status === 'kept' && step !== GUARD_STEP && kept.includes(seq));
  await journal.append(
    stays.map(({ seq }): JournalEvent => ({ type: 'change.settled', seq, status: 'kept', reason: KEPT_BY_WORKFLOW })),
  );
  if (guard !== undefined) await ledger.revert([guard], () => false);
  const left = journal.changes().find((change) => change.seq === guard?.seq && needsUndo(change));
  if (left === undefined) {
    return commitEnd(request, { status: 'succeeded', output, ...(proofs === undefined ? {} : { proofs }) });
  }
  const error = new WfError('E_RESIDUE', `run ${header.id} is confirmed, but its guard is left: ${left.reason ?? ''}`, {
    hint: `Remove the guard by hand: ${left.undo.join(' && ')}; then record that with \`wf settle ${header.id} ${left.seq} --as gone --reason TEXT\`.`,
  });
  return commitEnd(request, { status: 'needs-attention', output: null, error: error.toRecord() });
}
