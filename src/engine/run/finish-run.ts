import type { RunJournal } from '../journal/run-journal.ts';
import type { RunLedger } from '../journal/run-ledger.ts';
import { type Change, type Difference, isInPlace, needsUndo, undoByHand, type Verification } from '../model/change.ts';
import { asWfError, type ErrorRecord, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEvent, RunEnd, RunHeader } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import { lostHostError } from '../place/lost-host.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { Proof, RecordedProofs } from '../workflow/workflow.ts';
import type { RunResult } from './engine.ts';
import type { MachineEnd } from './run-loop.ts';

interface FinishRequest {
  readonly header: Pick<RunHeader, 'id' | 'options'>;
  readonly host: RunHost;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  /** Whether a run of this workflow that succeeds means to leave its changes on the host. */
  readonly keepsChanges: boolean;
  /** What the workflow says that a run with this output has shown. */
  proofs(output: Json): readonly Proof[];
  /** The signal that asks to stop; undefined while none does. */
  stopSignal(): string | undefined;
}

/** Undoes what a failed run did unless it is to be kept, verifies the host, and commits the run's end. */
export async function finishRun(parts: FinishRequest, machine: MachineEnd): Promise<RunResult> {
  const { header, journal } = parts;
  journal.tolerateFullDisk();
  if (machine.type === 'done') {
    if (parts.keepsChanges) await keepChanges(journal);
    return end(parts, { type: 'succeeded', output: machine.output });
  }
  const error = await withVanished(machine.error, parts.ledger);
  if (header.options.onFailure === 'keep') return end(parts, { type: 'kept', error });
  if (!journal.changes().some(needsUndo)) return end(parts, { type: 'failed', error });
  const told = (await renewHost(parts.host)) ? lostHostError(header.id, error) : error;
  await journal.append([{ type: 'rolling-back', error: told, kept: [] }]);
  return rollBack(parts, journal.changes().filter(needsUndo), told);
}

/** So many of what has vanished, or is left, are named in an error; the ledger and the verification have them all. */
const NAMED = 3;

/** A failure is often explained by what has gone from the host meanwhile: somebody deleted a link, restarted a container. */
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
 * Undoes these changes, newest first, verifies the host, and commits the end of a run that came to grief by `error`. That it is
 * being rolled back is in the journal already. Asked to stop, it does so after the change that is being undone.
 */
export async function rollBack(
  parts: FinishRequest,
  changes: readonly Change[],
  error: ErrorRecord,
): Promise<RunResult> {
  parts.journal.tolerateFullDisk();
  const isStopped = () => parts.stopSignal() !== undefined;
  await renewHost(parts.host);
  let isComplete = await parts.ledger.revert(changes, isStopped);
  // The host may end in the middle of it: what could not be looked at then is gone with it.
  while (isComplete && (await renewHost(parts.host))) {
    const seqs = new Set(changes.map(({ seq }) => seq));
    const left = parts.journal.changes().filter((change) => needsUndo(change) && seqs.has(change.seq));
    isComplete = await parts.ledger.revert(left, isStopped);
  }
  if (isComplete) return end(parts, { type: 'undone', error });
  const signal = parts.stopSignal() ?? '';
  await parts.journal.append([{ type: 'interrupted', signal }]);
  return { type: 'interrupted', signal };
}

/** Whether another host had to take its place. Where that fails, nobody can look: each change, and the verification, tells so. */
async function renewHost(host: RunHost): Promise<boolean> {
  try {
    return await host.renew();
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    return false;
  }
}

async function end(parts: FinishRequest, outcome: Outcome): Promise<RunResult> {
  let verified = await verify(parts);
  const isUndone = outcome.type === 'undone' || outcome.type === 'failed';
  if (verified.type === 'failed' && isUndone && (await renewHost(parts.host))) verified = await verify(parts);
  const judged = endOf(parts, outcome, verified);
  // Before the end is committed: nobody comes back to a run that has ended.
  const isOver = judged.status !== 'needs-attention' && !parts.journal.changes().some(isInPlace);
  const ended = isOver ? await endHost(parts, judged) : judged;
  await parts.journal.append([{ type: 'ended', ...ended }]);
  const unrecorded = parts.journal.unrecorded();
  if (unrecorded !== undefined) throw undoneUnrecorded(parts.header.id, unrecorded);
  return { type: 'ended', end: ended };
}

/** Ends a host of the run's own. A run that leaves one behind needs attention. */
async function endHost({ header, host }: FinishRequest, judged: RunEnd): Promise<RunEnd> {
  try {
    await host.end();
    return judged;
  } catch (thrown) {
    const { code, message, hint } = asWfError(thrown);
    const before = judged.status === 'succeeded' ? '' : `${judged.error.message}; then `;
    const error = new WfError(code, `${before}the host of run ${header.id} could not be ended: ${message}`, {
      hint: `${hint} Then end what is left with \`wf rollback ${header.id}\`.`,
      cause: thrown,
    });
    return { status: 'needs-attention', output: null, error: error.toRecord() };
  }
}

/** What a run has come to, before the host is looked at. */
type Outcome =
  | { readonly type: 'succeeded'; readonly output: Json }
  | { readonly type: 'failed' | 'kept' | 'undone'; readonly error: ErrorRecord };

async function keepChanges(journal: RunJournal): Promise<void> {
  const reason = 'the workflow leaves its changes on the host';
  const kept = journal.changes().filter((change) => change.status === 'applied');
  const events = kept.map(({ seq }): JournalEvent => ({ type: 'change.settled', seq, status: 'kept', reason }));
  if (events.length > 0) await journal.append(events);
}

type Verified =
  | { readonly type: 'looked'; readonly verification: Verification | null }
  | { readonly type: 'failed'; readonly error: WfError };

async function verify({ ledger }: FinishRequest): Promise<Verified> {
  try {
    return { type: 'looked', verification: await ledger.verify() };
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
      return { status: 'succeeded', output: outcome.output, ...told(() => proofs(outcome.output)) };
    case 'failed':
      return { status: 'failed', output: null, error: outcome.error };
    case 'undone':
      return { status: 'rolled-back', output: null, error: outcome.error };
  }
}

/** Kept with the end, so that they can be told where the workflow is another one by now, or not there. It fails no run. */
function told(tell: () => readonly Proof[]): { readonly proofs?: RecordedProofs } {
  try {
    const proofs = tell();
    return proofs.length === 0 ? {} : { proofs: { type: 'told', proofs } };
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    return { proofs: { type: 'untold', reason: `${code}: ${message}` } };
  }
}

function residueError(run: RunId, before: string, left: readonly Difference[], changes: readonly Change[]): WfError {
  const what = firstOf(left.map(({ subject }) => subject));
  const byHand = undoByHand(changes);
  return new WfError('E_RESIDUE', `${before}the host is not as it was: ${what}`, {
    hint:
      byHand.length === 0
        ? `See what differs with \`wf show ${run}\`, undo it by hand, and let \`wf rollback ${run}\` compare the host again.`
        : `Try again with \`wf rollback ${run}\`, or remove by hand what is left: ${byHand.join(' && ')}`,
  });
}

/** The run has ended: whoever mends what kept the host from being looked at lets it be looked at again by a rollback. */
function unverifiedError(run: RunId, before: string, cause: WfError, changes: readonly Change[]): WfError {
  const byHand = undoByHand(changes);
  const rest = byHand.length === 0 ? '' : ` What may be left is removed by hand with: ${byHand.join(' && ')}`;
  return new WfError(cause.code, `${before}the host could not be verified: ${cause.message}`, {
    hint: `${cause.hint} Then let \`wf rollback ${run}\` look at the host again.${rest}`,
    cause,
  });
}

/** In the details of an error by which a run did not stop in the middle. */
const HAS_ENDED = { hasEnded: true };

function undoneUnrecorded(run: RunId, cause: WfError): WfError {
  return new WfError(
    'E_DISK_FULL',
    `run ${run} came to its end, but the disk was too full to record all of it: ${cause.message}`,
    {
      details: HAS_ENDED,
      hint: `Make room, then let \`wf rollback ${run}\` look at the host again and complete the record.`,
      cause,
    },
  );
}
