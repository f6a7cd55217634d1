import { type Change, type Difference, needsUndo, undoOrder, type Verification } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { RunId } from '../model/ids.ts';
import { isJsonObject } from '../model/json.ts';
import type { Owner } from '../model/owner.ts';
import { attemptHost, type HostWatch } from '../place/attempt-host.ts';
import type { Comparison, Fingerprint, FingerprintPort } from '../ports/fingerprint.ts';
import type { HistoryPort, StoredEvidence } from '../ports/history.ts';
import { undoChange, unknownRunner } from '../run/undo-change.ts';
import { redactedVerification, storedEvidenceOf } from '../secrets/redact.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type AlteredFacets, isArbitrary } from '../workflow/facets.ts';
import type { LedgerService, StepRunner } from '../workflow/step.ts';
import type { Baseline, RunJournal } from './run-journal.ts';
import { whileLocked } from './while-locked.ts';

/** The attempt under which the evidence of a rollback is kept, beside the step's own attempts, which count from 1. */
const UNDO_EVIDENCE = 0;

/** So many runs that began later are asked whether a difference is of one of their changes. */
const MOST_RUNS_MEANWHILE = 1_000;

/** Of a run that never changed anything. */
const UNTOUCHED: Verification = { restored: true, residues: [], unexplained: [], drift: [], notCompared: [] };

interface RunLedgerDependencies {
  readonly run: RunId;
  readonly history: HistoryPort;
  readonly watch: HostWatch;
  readonly fingerprints: FingerprintPort;
  readonly alters: AlteredFacets;
  readonly owner: Owner;
  readonly journal: RunJournal;
  readonly secrets: Secrets;
  runner(kind: string): StepRunner | undefined;
}

/** What a run does with its own changes: keeps the baseline, undoes, verifies. */
export interface RunLedger {
  /** Takes the fingerprint from before the first change, once; a later call waits for the same one, or takes it where that failed. */
  ensureBaseline(): Promise<void>;
  /** What a step is given: evidence and end of its undoing are the step's own. */
  serviceFor(signal: AbortSignal, record: (evidence: Evidence) => void): LedgerService;
  /**
   * Undoes these changes, newest first, and goes on past what cannot be undone. `isStopped` is asked before each: where it says
   * so, the rest is left standing. Answers whether all were come to.
   */
  revert(changes: readonly Change[], isStopped: () => boolean): Promise<boolean>;
  /** Changes that a step has made and that nobody has undone, but which the host does not show any more; each with the reason. */
  vanished(): Promise<readonly { readonly target: string; readonly reason: string }[]>;
  /** The verification, looked at anew unless nothing was changed since the last one; null where the run never changed anything. */
  verify(): Promise<Verification | null>;
}

export function createRunLedger(parts: RunLedgerDependencies): RunLedger {
  return new OwnLedger(parts);
}

/** A class: each run has one, and closures would be ten objects more. */
class OwnLedger implements RunLedger {
  readonly #parts: RunLedgerDependencies;
  #baseline: Promise<void> | undefined;

  constructor(parts: RunLedgerDependencies) {
    this.#parts = parts;
  }

  ensureBaseline(): Promise<void> {
    this.#baseline ??= this.#takeBaseline().catch((thrown: unknown) => {
      this.#baseline = undefined;
      throw thrown;
    });
    return this.#baseline;
  }

  serviceFor(signal: AbortSignal, record: (evidence: Evidence) => void): LedgerService {
    const { journal } = this.#parts;
    return {
      changes: () => journal.changes(),
      revert: async (steps) => {
        const mine = (change: Change) => steps.includes(change.step);
        for (const change of undoOrder(journal.changes().filter(mine))) await this.#revertOne(change, signal, record);
        return journal.changes().filter(mine);
      },
      verify: async () => (await this.verify()) ?? UNTOUCHED,
    };
  }

  async revert(changes: readonly Change[], isStopped: () => boolean): Promise<boolean> {
    // No time-out: a half undone host is worse than a late answer.
    const { signal } = new AbortController();
    for (const change of changes.toSorted((a, b) => b.seq - a.seq)) {
      if (isStopped()) return false;
      await this.#revertOne(change, signal);
    }
    return true;
  }

  async vanished(): Promise<readonly { readonly target: string; readonly reason: string }[]> {
    const looks = this.#parts.journal
      .changes()
      .map(async (change) => ({ target: change.target, reason: await this.#whyVanished(change) }));
    return (await Promise.all(looks)).flatMap(({ target, reason }) =>
      reason === undefined ? [] : [{ target, reason }],
    );
  }

  async verify(): Promise<Verification | null> {
    const { journal, secrets, history, run } = this.#parts;
    const known = journal.verification();
    if (known !== undefined) return known;
    const baseline = journal.baseline();
    if (baseline === undefined || journal.changes().length === 0) return null;
    const before = history.fingerprint(baseline.hash);
    if (before === undefined) {
      throw new WfError('E_DATABASE_DAMAGED', `the fingerprint from before run ${run} is missing from the database`, {
        hint: `Compare the host by hand with what \`wf show ${run}\` lists as changed.`,
      });
    }
    let compared = await this.#compareWith(before, baseline, false);
    // Before a run fails for it, a difference gets the time to pass, or to be seen to come and go by itself.
    if (compared.differences.some(failsRun)) compared = await this.#compareWith(before, baseline, true);
    const { after, differences, notCompared } = compared;
    const residues = [
      ...journal.changes().filter(needsUndo).map(asResidue),
      ...differences.filter(({ owner }) => owner === 'run'),
    ];
    const unexplained = differences.filter(({ owner }) => owner === 'unknown');
    const drift = differences.filter((difference) => !failsRun(difference));
    const restored = residues.length === 0 && unexplained.length === 0;
    const verification = redactedVerification(
      { restored, residues, unexplained, drift, notCompared: [...notCompared] },
      secrets,
    );
    await journal.append([{ type: 'verified', fingerprint: await journal.keepFingerprint(after), verification }]);
    return verification;
  }

  async #compareWith(
    before: Fingerprint,
    { boot, arbitrary }: Baseline,
    isWatched: boolean,
  ): Promise<Comparison & { readonly after: Fingerprint }> {
    const { fingerprints, journal, owner, run, runner } = this.#parts;
    const after = this.#hidden(await fingerprints.takeLike(before, isWatched));
    const changes = journal.changes();
    const suspects = changes.filter(({ kind }) => isArbitrary(runner(kind)));
    const sameBoot = boot === owner.bootId;
    const others = () => this.#runsMeanwhile();
    return { after, ...fingerprints.compare(before, after, { run, changes, suspects, arbitrary, others, sameBoot }) };
  }

  /** Runs of this history that had not ended before this one was created, with their changes. */
  #runsMeanwhile() {
    const { history, run } = this.#parts;
    const createdAt = history.run(run)?.createdAt ?? 0;
    const later = history.runs({ since: createdAt, limit: MOST_RUNS_MEANWHILE });
    const ids = new Set([...history.unfinishedRuns(), ...later].map(({ id }) => id));
    ids.delete(run);
    return [...ids].map((id) => ({ run: id, changes: history.changes(id) }));
  }

  #hidden(fingerprint: Fingerprint): Fingerprint {
    const hidden = this.#parts.secrets.redact(fingerprint);
    return isJsonObject(hidden) ? hidden : {};
  }

  async #takeBaseline(): Promise<void> {
    const { journal, history, watch, fingerprints, alters } = this.#parts;
    if (journal.baseline() !== undefined) return;
    const taken = this.#hidden(await fingerprints.take(alters.facets));
    const fingerprint = await whileLocked(watch.host.clock, () => history.putFingerprint(taken));
    await journal.append([{ type: 'baseline.taken', fingerprint, arbitrary: alters.arbitrary }]);
  }

  async #revertOne(change: Change, signal: AbortSignal, record?: (evidence: Evidence) => void): Promise<void> {
    const { journal, secrets, run, owner, watch } = this.#parts;
    const behaviour = this.#parts.runner(change.kind)?.behaviour;
    if (behaviour?.type !== 'change') {
      const reason = unknownRunner(change).message;
      await journal.append([{ type: 'change.settled', seq: change.seq, status: 'stuck', reason }]);
      return;
    }
    const revealed = this.#revealedRecord(change);
    if (revealed.type === 'missing') {
      await journal.append([{ type: 'change.settled', seq: change.seq, status: 'stuck', reason: revealed.reason }]);
      return;
    }
    const evidence: StoredEvidence[] = [];
    const recordOwn = (seen: Evidence) => {
      evidence.push({ ...storedEvidenceOf(seen, secrets), step: change.step, attempt: UNDO_EVIDENCE });
    };
    const { looking, acting } = attemptHost(watch, { run, step: change.step, attempt: 'undo', owner });
    const context = { run, host: looking, signal, record: record ?? recordOwn, progress: () => {} };
    const settled = await undoChange({
      change: { ...change, record: revealed.record },
      behaviour,
      bootId: owner.bootId,
      journaled: journal.historyOf(change.seq),
      looking: context,
      acting: { ...context, host: acting() },
      begin: () => journal.append([{ type: 'change.reverting', seq: change.seq }]),
    });
    // What could not be undone for that reason is not stuck: whoever takes the rollback up undoes it.
    const trouble = journal.trouble();
    if (trouble !== undefined) throw trouble;
    await journal.append([settled], evidence);
  }

  /** What undoing needs of a change, with its secrets in it. */
  #revealedRecord({ record }: Change) {
    try {
      return { type: 'known', record: this.#parts.secrets.reveal(record) } as const;
    } catch (thrown) {
      const { message, hint } = asWfError(thrown);
      return { type: 'missing', reason: `${message}. ${hint}` } as const;
    }
  }

  /** Why a change is gone that nobody has undone; undefined where it stands. */
  async #whyVanished(change: Change): Promise<string | undefined> {
    const { run, owner, watch, secrets } = this.#parts;
    const behaviour = this.#parts.runner(change.kind)?.behaviour;
    if (change.status !== 'applied' || behaviour?.type !== 'change') return undefined;
    const { looking } = attemptHost(watch, { run, step: change.step, attempt: 'undo', owner });
    const { signal } = new AbortController();
    const context = { run, host: looking, signal, record: () => {}, progress: () => {} };
    // What cannot be told is not said to have vanished.
    const revealed = this.#revealedRecord(change);
    if (revealed.type === 'missing') return undefined;
    const standing = await behaviour.look(revealed.record, context).catch(() => undefined);
    return standing?.found === 'gone' ? secrets.redactText(standing.reason) : undefined;
  }
}

/** Whether a run with this difference has not restored the host. */
function failsRun({ owner }: Difference): boolean {
  return owner === 'run' || owner === 'unknown';
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
