import type { RunJournal } from '../journal/run-journal.ts';
import type { RunLedger } from '../journal/run-ledger.ts';
import { type Change, type Difference, isInPlace, needsUndo, undoByHand, type Verification } from '../model/change.ts';
import { asWfError, type ErrorRecord, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEvent, RunEnd, RunHeader, RunSuccess } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import { lostHostError } from '../place/lost-host.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { Proof, RecordedProofs } from '../workflow/workflow.ts';
import type { RunResult } from './engine.ts';
import type { MachineEnd } from './loop/machine-end.ts';

export interface FinishRequest {
  readonly header: Pick<RunHeader, 'id' | 'options'>;
  readonly host: RunHost;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  /** Whether a run of this workflow that succeeds leaves its changes on the host. */
  readonly keepsChanges: boolean;
  /** Returns what a run with this output has proven, according to the workflow. */
  proofs(output: Json): readonly Proof[];
  /** Returns the signal that asked to stop; undefined if none did. */
  stopSignal(): string | undefined;
}

/** Undoes the changes of a failed run unless they are kept, verifies the host, and commits the end of the run. */
export async function finishRun(request: FinishRequest, machine: MachineEnd): Promise<RunResult> {
  const { header, journal } = request;
  journal.tolerateFullDisk();
  if (machine.type === 'done') {
    if (request.keepsChanges) await keepChanges(journal, KEPT_BY_WORKFLOW);
    return end(request, { type: 'succeeded', output: machine.output });
  }
  const error = await withVanished(machine.error, request.ledger);
  if ((machine.onFailure ?? header.options.onFailure) === 'keep') return end(request, { type: 'kept', error });
  if (!journal.changes().some(needsUndo)) return end(request, { type: 'failed', error });
  const cause = (await renewHost(request.host)) ? lostHostError(header.id, error) : error;
  await journal.append([{ type: 'rolling-back', error: cause, kept: [] }]);
  return rollBack(request, journal.changes().filter(needsUndo), cause);
}

/** Number of objects that an error names; the ledger and the verification list them all. */
const NAMED = 3;

/** Adds the vanished changes to an error: they often explain it (somebody deleted a link, or restarted a container). */
async function withVanished(error: ErrorRecord, ledger: RunLedger): Promise<ErrorRecord> {
  const vanished = await ledger.vanished();
  if (vanished.length === 0) return error;
  const what = firstOf(vanished.map(({ target }) => target));
  const why = firstOf([...new Set(vanished.map(({ reason }) => reason))]);
  return { ...error, message: `${error.message}; gone from the host meanwhile: ${what} (${why})` };
}

function firstOf(all: readonly string[]): string {
  const more = all.length > NAMED ? [`${all.length - NAMED} more`] : [];
  return [...all.slice(0, NAMED), ...more].join(', ');
}

/**
 * Undoes these changes, newest first, verifies the host, and commits the end of the run. The caller has journaled that the rollback
 * begins. A stop request takes effect after the current change.
 * @param error the error that ended the run
 */
export async function rollBack(
  request: FinishRequest,
  changes: readonly Change[],
  error: ErrorRecord,
): Promise<RunResult> {
  request.journal.tolerateFullDisk();
  const isStopped = () => request.stopSignal() !== undefined;
  await renewHost(request.host);
  let isComplete = await request.ledger.revert(changes, isStopped);
  // The host may end meanwhile: changes that could not be observed are gone with it.
  while (isComplete && (await renewHost(request.host))) {
    const seqs = new Set(changes.map(({ seq }) => seq));
    const left = request.journal.changes().filter((change) => needsUndo(change) && seqs.has(change.seq));
    isComplete = await request.ledger.revert(left, isStopped);
  }
  if (isComplete) return end(request, { type: 'undone', error });
  const signal = request.stopSignal() ?? '';
  await request.journal.append([{ type: 'interrupted', signal }]);
  return { type: 'interrupted', signal };
}

/** Renews the host if it has ended. An error is dropped: each undo, and the verification, reports it. */
async function renewHost(host: RunHost): Promise<boolean> {
  try {
    return await host.renew();
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    return false;
  }
}

async function end(request: FinishRequest, outcome: Outcome): Promise<RunResult> {
  return commitEnd(request, await judgeEnd(request, outcome));
}

/** Verifies the host, and returns the end of a run with this outcome. */
export async function judgeEnd(request: FinishRequest, outcome: Outcome): Promise<RunEnd> {
  let verified = await verify(request);
  const isUndone = outcome.type === 'undone' || outcome.type === 'failed';
  if (verified.type === 'failed' && isUndone && (await renewHost(request.host))) verified = await verify(request);
  return endOf(request, outcome, verified);
}

/** Ends a private host that is of no more use, and commits the end of the run. */
export async function commitEnd(request: FinishRequest, judged: RunEnd): Promise<RunResult> {
  // Before the end is committed: a run that has ended cannot be resumed.
  const isOver = judged.status !== 'needs-attention' && !request.journal.changes().some(isInPlace);
  const ended = isOver ? await endHost(request, judged) : judged;
  await request.journal.append([{ type: 'ended', ...ended }]);
  const unrecorded = request.journal.unrecorded();
  if (unrecorded !== undefined) throw undoneUnrecorded(request.header.id, unrecorded);
  return { type: 'ended', end: ended };
}

/**
 * Ends a run again after changes were settled.
 * @param error the error that ended the run
 * @param success the end of a run that somebody has confirmed, and whose guard was left; undefined for any other run
 * @param elsewhere why the host cannot be compared from here; undefined if it can
 */
export async function endSettled(
  request: FinishRequest,
  error: ErrorRecord,
  success: RunSuccess | undefined,
  elsewhere: WfError | undefined,
): Promise<RunResult> {
  if (success !== undefined && !request.journal.changes().some(needsUndo)) return commitEnd(request, success);
  if (elsewhere === undefined) return end(request, { type: 'undone', error });
  const isOpen = request.journal.changes().some(needsUndo);
  const message = `${error.message}; nobody has compared the host since: ${elsewhere.message}`;
  const ended: RunEnd = {
    status: isOpen ? 'needs-attention' : 'failed',
    output: null,
    error: { ...error, message },
  };
  await request.journal.append([{ type: 'ended', ...ended }]);
  return { type: 'ended', end: ended };
}

/** Ends a private host. A run that leaves one behind needs attention. */
async function endHost({ header, host }: FinishRequest, judged: RunEnd): Promise<RunEnd> {
  try {
    await host.end();
    return judged;
  } catch (thrown) {
    const { code, message, hint } = asWfError(thrown);
    const before = judged.status === 'succeeded' ? '' : `${judged.error.message}; then `;
    const error = new WfError(code, `${before}the host of run ${header.id} could not be ended: ${message}`, {
      hint: `${hint} Then end the host with \`wf rollback ${header.id}\`.`,
      cause: thrown,
    });
    return { status: 'needs-attention', output: null, error: error.toRecord() };
  }
}

/** The outcome of a run before its verification. */
type Outcome =
  | { readonly type: 'succeeded'; readonly output: Json }
  | { readonly type: 'failed' | 'kept' | 'undone'; readonly error: ErrorRecord };

/** Why the changes of a workflow that leaves them on the host are kept. */
export const KEPT_BY_WORKFLOW = 'the workflow leaves its changes on the host';

export async function keepChanges(journal: RunJournal, reason: string): Promise<void> {
  const kept = journal.changes().filter((change) => change.status === 'applied');
  const events = kept.map(({ seq }): JournalEvent => ({ type: 'change.settled', seq, status: 'kept', reason }));
  if (events.length > 0) await journal.append(events);
}

type Verified =
  | { readonly type: 'compared'; readonly verification: Verification | null }
  | { readonly type: 'failed'; readonly error: WfError };

async function verify({ ledger }: FinishRequest): Promise<Verified> {
  try {
    return { type: 'compared', verification: await ledger.verify() };
  } catch (thrown) {
    return { type: 'failed', error: asWfError(thrown) };
  }
}

function endOf({ header, journal, proofs }: FinishRequest, outcome: Outcome, verified: Verified): RunEnd {
  if (outcome.type === 'kept') return { status: 'failed', output: null, error: outcome.error };
  const before = outcome.type === 'succeeded' ? '' : `${outcome.error.message}; then `;
  if (verified.type === 'failed') {
    const error = unverifiedError(header.id, before, verified.error, journal.changes());
    return { status: 'needs-attention', output: null, error: error.toRecord() };
  }
  const { residues = [], unexplained = [] } = verified.verification ?? {};
  const left = [...residues, ...unexplained];
  if (left.length > 0) {
    const error = residueError(header.id, before, left, journal.changes());
    return { status: 'needs-attention', output: null, error: error.toRecord() };
  }
  switch (outcome.type) {
    case 'succeeded':
      return { status: 'succeeded', output: outcome.output, ...recorded(() => proofs(outcome.output)) };
    case 'failed':
      return { status: 'failed', output: null, error: outcome.error };
    case 'undone':
      return { status: 'rolled-back', output: null, error: outcome.error };
  }
}

/** Records the proofs with the end, so that they outlive the workflow; or the error of the workflow, if it throws. */
function recorded(prove: () => readonly Proof[]): { readonly proofs?: RecordedProofs } {
  try {
    const proofs = prove();
    return proofs.length === 0 ? {} : { proofs: { type: 'reported', proofs } };
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    return { proofs: { type: 'unavailable', reason: `${code}: ${message}` } };
  }
}

function residueError(run: RunId, before: string, left: readonly Difference[], changes: readonly Change[]): WfError {
  const what = firstOf(left.map(({ subject }) => subject));
  const byHand = undoByHand(changes);
  return new WfError('E_RESIDUE', `${before}the host is not as it was: ${what}`, {
    hint:
      byHand.length === 0
        ? `Check the differences with \`wf show ${run}\`, undo them by hand, then verify the host with \`wf rollback ${run}\`.`
        : `Repeat \`wf rollback ${run}\`, or undo the changes by hand: ${byHand.join(' && ')}`,
  });
}

/** Returns the error of a run whose host could not be verified; a rollback verifies it again. */
function unverifiedError(run: RunId, before: string, cause: WfError, changes: readonly Change[]): WfError {
  const byHand = undoByHand(changes);
  const rest = byHand.length === 0 ? '' : ` To undo the changes by hand: ${byHand.join(' && ')}`;
  return new WfError(cause.code, `${before}the host could not be verified: ${cause.message}`, {
    hint: `${cause.hint} Then verify the host with \`wf rollback ${run}\`.${rest}`,
    cause,
  });
}

/** Details of an error after which the run has ended all the same. */
const HAS_ENDED = { hasEnded: true };

function undoneUnrecorded(run: RunId, cause: WfError): WfError {
  return new WfError(
    'E_DISK_FULL',
    `run ${run} has ended, but the disk was too full to record all of it: ${cause.message}`,
    {
      details: HAS_ENDED,
      hint: `Free some space, then complete the record with \`wf rollback ${run}\`, which verifies the host again.`,
      cause,
    },
  );
}
