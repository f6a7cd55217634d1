import { type Change, type Difference, standingNewestFirst, stands, type Verification } from './change.ts';
import { WfError } from './errors.ts';
import { boundedEvidence, type Evidence } from './evidence.ts';
import type { RunId } from './ids.ts';
import type { FingerprintPort } from './ports/fingerprint.ts';
import type { HistoryPort, StoredEvidence } from './ports/history.ts';
import type { RunJournal } from './run-journal.ts';
import type { HostPorts, LedgerService, StepRunner } from './step.ts';
import { undoChange, unknownRunner } from './undo-change.ts';

/** The attempt under which the evidence of a rollback is kept, beside the step's own attempts, which count from 1. */
const UNDO_EVIDENCE = 0;

interface RunLedgerParts {
  readonly run: RunId;
  readonly history: HistoryPort;
  readonly host: HostPorts;
  readonly fingerprints: FingerprintPort;
  readonly bootId: string;
  readonly journal: RunJournal;
  runner(kind: string): StepRunner | undefined;
}

/** What a run does with its own changes: keeps the baseline, undoes, verifies. */
export interface RunLedger {
  /** Takes the fingerprint from before the first change, once; a later call waits for the same one. */
  ensureBaseline(): Promise<void>;
  /** What a step is given: evidence and end of its undoing are the step's own. */
  serviceFor(signal: AbortSignal, record: (evidence: Evidence) => void): LedgerService;
  /** Undoes all that stands, newest first, and goes on past what cannot be undone. */
  revertAll(): Promise<void>;
  /** The verification, looked at anew unless nothing was changed since the last one; null where the run never changed anything. */
  verify(): Promise<Verification | null>;
}

export function createRunLedger(parts: RunLedgerParts): RunLedger {
  const { journal } = parts;
  let baseline: Promise<void> | undefined;

  async function takeBaseline(): Promise<void> {
    if (journal.baseline() !== undefined) return;
    const fingerprint = await parts.fingerprints.take();
    journal.append([{ type: 'baseline.taken', fingerprint: parts.history.putFingerprint(fingerprint) }]);
  }

  async function revert(
    changes: readonly Change[],
    signal: AbortSignal,
    record?: (evidence: Evidence) => void,
  ): Promise<void> {
    for (const change of standingNewestFirst(changes)) {
      const behaviour = parts.runner(change.kind)?.behaviour;
      if (behaviour?.type !== 'change') {
        const reason = unknownRunner(change).message;
        journal.append([{ type: 'change.settled', seq: change.seq, status: 'stuck', reason }]);
        continue;
      }
      const evidence: StoredEvidence[] = [];
      const recordOwn = (seen: Evidence) => {
        evidence.push({ ...boundedEvidence(seen), step: change.step, attempt: UNDO_EVIDENCE });
      };
      const context = { run: parts.run, host: parts.host, signal, record: record ?? recordOwn, progress: () => {} };
      const begin = () => journal.append([{ type: 'change.reverting', seq: change.seq }]);
      journal.append([await undoChange(change, behaviour, context, parts.bootId, begin)], evidence);
    }
  }

  async function verify(): Promise<Verification | null> {
    const known = journal.verification();
    if (known !== undefined) return known;
    const hash = journal.baseline();
    if (hash === undefined || journal.changes().length === 0) return null;
    const before = parts.history.fingerprint(hash);
    if (before === undefined) {
      throw new WfError(
        'E_DATABASE_DAMAGED',
        `the fingerprint from before run ${parts.run} is missing from the database`,
        {
          hint: `Compare the host by hand with what \`wf show ${parts.run}\` lists as changed.`,
        },
      );
    }
    const after = await parts.fingerprints.take();
    const changes = journal.changes();
    const differences = parts.fingerprints.compare(before, after, parts.run, changes);
    const residues = [
      ...changes.filter(stands).map(asResidue),
      ...differences.filter((difference) => difference.owner === 'run'),
    ];
    const drift = differences.filter((difference) => difference.owner !== 'run');
    const verification = { restored: residues.length === 0, residues, drift };
    journal.append([{ type: 'verified', fingerprint: parts.history.putFingerprint(after), verification }]);
    return verification;
  }

  return {
    ensureBaseline() {
      baseline ??= takeBaseline();
      return baseline;
    },
    serviceFor: (signal, record) => ({
      changes: () => journal.changes(),
      async revert(steps) {
        const mine = (change: Change) => steps.includes(change.step);
        await revert(journal.changes().filter(mine), signal, record);
        return journal.changes().filter(mine);
      },
      verify: async () => (await verify()) ?? { restored: true, residues: [], drift: [] },
    }),
    // Nothing stops a rollback: a half undone host is worse than a late answer.
    revertAll: () => revert(journal.changes(), new AbortController().signal),
    verify,
  };
}

function asResidue(change: Change): Difference {
  return {
    subject: change.target,
    difference: 'added',
    before: null,
    after: change.status,
    owner: 'run',
    reason: change.reason ?? `change ${change.seq} of step ${change.step} still stands`,
  };
}
