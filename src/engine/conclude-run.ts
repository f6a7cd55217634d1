import { stands, type Verification } from './change.ts';
import type { RunResult } from './engine.ts';
import { asWfError, WfError } from './errors.ts';
import type { JournalEvent, RunEnd, RunHeader } from './journal-event.ts';
import type { RunJournal } from './run-journal.ts';
import type { RunLedger } from './run-ledger.ts';
import type { MachineEnd } from './run-loop.ts';

interface ConcludeParts {
  readonly header: RunHeader;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  /** Whether a run of this workflow that succeeds means to leave its changes on the host. */
  readonly keepsChanges: boolean;
}

/** Undoes what a failed run did, verifies the host, and commits the run's end. */
export async function concludeRun(parts: ConcludeParts, machine: MachineEnd): Promise<RunResult> {
  const { header, journal } = parts;
  let undone = false;
  if (machine.type === 'failed' && header.options.onFailure === 'rollback' && journal.changes().some(stands)) {
    journal.append([{ type: 'rolling-back' }]);
    await parts.ledger.revertAll();
    undone = true;
  }
  if (machine.type === 'done' && parts.keepsChanges) keepChanges(journal);
  const verified = await verify(parts);
  const end = endOf(parts, machine, undone, verified);
  journal.append([{ type: 'ended', ...end }]);
  return { type: 'ended', end };
}

function keepChanges(journal: RunJournal): void {
  const reason = 'the workflow leaves its changes on the host';
  const kept = journal.changes().filter((change) => change.status === 'applied');
  const events = kept.map(({ seq }): JournalEvent => ({ type: 'change.settled', seq, status: 'kept', reason }));
  if (events.length > 0) journal.append(events);
}

type Verified =
  | { readonly type: 'looked'; readonly verification: Verification | null }
  | { readonly type: 'failed'; readonly error: WfError };

async function verify({ ledger }: ConcludeParts): Promise<Verified> {
  try {
    return { type: 'looked', verification: await ledger.verify() };
  } catch (thrown) {
    return { type: 'failed', error: asWfError(thrown) };
  }
}

function endOf({ header, journal }: ConcludeParts, machine: MachineEnd, undone: boolean, verified: Verified): RunEnd {
  const failed = (status: 'failed' | 'rolled-back' | 'needs-attention', error: WfError): RunEnd => ({
    status,
    output: null,
    error: error.toRecord(),
  });
  const kept = machine.type === 'failed' && header.options.onFailure === 'keep';
  if (kept) return failed('failed', machine.error);
  if (verified.type === 'failed') return failed('needs-attention', verified.error);
  const residues = verified.verification?.residues ?? [];
  if (residues.length > 0) {
    const standing = journal.changes().filter(stands);
    const by = machine.type === 'failed' ? `${machine.error.message}; then ` : '';
    const what = residues.map((residue) => residue.subject).join(', ');
    const byHand = standing.flatMap((change) => change.undo).join(' && ');
    return failed(
      'needs-attention',
      new WfError('E_RESIDUE', `${by}the host is not as it was: ${what}`, {
        hint:
          byHand === '' ? `See what differs with \`wf show ${header.id}\`.` : `Remove by hand what is left: ${byHand}`,
      }),
    );
  }
  if (machine.type === 'done') return { status: 'succeeded', output: machine.output };
  return failed(undone ? 'rolled-back' : 'failed', machine.error);
}
