import { guardLast } from '../confirm/guard-step.ts';
import { type Change, type Difference, needsUndo, undoOrder, type Verification } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Owner } from '../model/identity/owner.ts';
import { childAround, idInChild, isWithin, type RunId, type StepId } from '../model/ids.ts';
import { isJsonObject } from '../model/json.ts';
import { attemptHost, type HostWatch, watchOn } from '../place/attempt-host.ts';
import type { Comparison, Fingerprint, FingerprintPort } from '../ports/fingerprint.ts';
import type { HistoryPort, StoredEvidence } from '../ports/history.ts';
import { undoChange, unknownRunner } from '../run/undo-change.ts';
import { redactedVerification, storedEvidenceOf } from '../secrets/redact.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type AlteredFacets, isArbitrary } from '../workflow/facets.ts';
import type { LedgerService, StepRunner } from '../workflow/step.ts';
import type { Baseline, RunJournal } from './run-journal.ts';
import { whileLocked } from './while-locked.ts';

/** The attempt number for the evidence of a rollback; the step's own attempts count from 1. */
const UNDO_EVIDENCE = 0;

/** The number of later runs whose changes may account for a difference. */
const MOST_CONCURRENT_RUNS = 1_000;

/** The verification of a run that never changed anything. */
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

/** The changes of a run: takes the baseline, undoes and verifies them. */
export interface RunLedger {
  /** Takes the fingerprint from before the first change, once: later calls share it, and try again if it failed. */
  ensureBaseline(): Promise<void>;
  /** Returns the ledger for a step: an undo adds to the evidence of the step, and its signal ends the undo. */
  serviceFor(step: StepId, signal: AbortSignal, record: (evidence: Evidence) => void): LedgerService;
  /**
   * Undoes these changes, newest first, and continues after one that cannot be undone. Returns false if `isStopped`, called
   * before each change, ended it early.
   */
  revert(changes: readonly Change[], isStopped: () => boolean): Promise<boolean>;
  /** Returns the applied changes that are gone from the host although wf did not undo them, each with the reason. */
  vanished(): Promise<readonly { readonly target: string; readonly reason: string }[]>;
  /** Verifies the host, unless nothing has changed since the last verification. Returns null if the run never changed anything. */
  verify(): Promise<Verification | null>;
}

export function createRunLedger(dependencies: RunLedgerDependencies): RunLedger {
  return new OwnLedger(dependencies);
}

/** A class: closures would cost ten more objects for each run. */
class OwnLedger implements RunLedger {
  readonly #dependencies: RunLedgerDependencies;
  #baseline: Promise<void> | undefined;

  constructor(dependencies: RunLedgerDependencies) {
    this.#dependencies = dependencies;
  }

  ensureBaseline(): Promise<void> {
    this.#baseline ??= this.#takeBaseline().catch((thrown: unknown) => {
      this.#baseline = undefined;
      throw thrown;
    });
    return this.#baseline;
  }

  serviceFor(by: StepId, signal: AbortSignal, record: (evidence: Evidence) => void): LedgerService {
    const { journal } = this.#dependencies;
    const around = childAround(by);
    return {
      changes: () => journal.changes(),
      revert: async (steps) => {
        const mine = ({ step }: Change) => steps.some((asked) => isWithin(step, idInChild(around, asked)));
        const changes = undoOrder(journal.changes().filter(mine));
        for (const change of changes) await this.#revertOne(change, signal, record);
        await this.#settleGoneWithOthers(changes);
        return journal.changes().filter(mine);
      },
      verify: async () => (await this.verify()) ?? UNTOUCHED,
    };
  }

  async revert(changes: readonly Change[], isStopped: () => boolean): Promise<boolean> {
    // No time-out: a half-undone host is worse than a slow rollback.
    const { signal } = new AbortController();
    for (const change of guardLast(changes)) {
      if (isStopped()) return false;
      await this.#revertOne(change, signal);
    }
    await this.#settleGoneWithOthers(changes);
    return true;
  }

  async vanished(): Promise<readonly { readonly target: string; readonly reason: string }[]> {
    const reasons = this.#dependencies.journal
      .changes()
      .filter(({ status }) => status === 'applied')
      .map(async (change) => ({ target: change.target, reason: await this.#whyVanished(change) }));
    return (await Promise.all(reasons)).flatMap(({ target, reason }) =>
      reason === undefined ? [] : [{ target, reason }],
    );
  }

  async verify(): Promise<Verification | null> {
    const { journal, secrets, history, run } = this.#dependencies;
    const known = journal.verification();
    if (known !== undefined) return known;
    const baseline = journal.baseline();
    if (baseline === undefined || journal.changes().length === 0) return null;
    const before = history.fingerprint(baseline.hash);
    if (before === undefined) {
      throw new WfError('E_DATABASE_DAMAGED', `run ${run}: its first fingerprint is missing from the database`, {
        hint: `Compare the host by hand with the changes that \`wf show ${run}\` lists.`,
      });
    }
    let compared = await this.#compareWith(before, baseline, false);
    const inPlace = journal.changes().filter(needsUndo);
    // A second, longer sample before a difference alone fails the run: the difference may be temporary.
    if (inPlace.length === 0 && compared.differences.some(failsRun)) {
      compared = await this.#compareWith(before, baseline, true);
    }
    const { after, differences, notCompared } = compared;
    const residues = [...inPlace.map(asResidue), ...differences.filter(({ owner }) => owner === 'run')];
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
    const { fingerprints, journal, owner, run, runner } = this.#dependencies;
    const after = this.#redacted(await fingerprints.takeLike(before, isWatched));
    const changes = journal.changes();
    const suspects = changes.filter(({ kind }) => isArbitrary(runner(kind)));
    const sameBoot = boot === owner.bootId;
    const others = () => this.#concurrentRuns();
    return { after, ...fingerprints.compare(before, after, { run, changes, suspects, arbitrary, others, sameBoot }) };
  }

  /** Returns the runs of this history that had not ended when this one was created, with their changes. */
  #concurrentRuns() {
    const { history, run } = this.#dependencies;
    const createdAt = history.run(run)?.createdAt ?? 0;
    const later = history.runs({ since: createdAt, limit: MOST_CONCURRENT_RUNS });
    const ids = new Set([...history.unfinishedRuns(), ...later].map(({ id }) => id));
    ids.delete(run);
    return [...ids].map((id) => ({ run: id, changes: history.changes(id) }));
  }

  #redacted(fingerprint: Fingerprint): Fingerprint {
    const redacted = this.#dependencies.secrets.redact(fingerprint);
    return isJsonObject(redacted) ? redacted : {};
  }

  async #takeBaseline(): Promise<void> {
    const { journal, history, watch, fingerprints, alters } = this.#dependencies;
    if (journal.baseline() !== undefined) return;
    const taken = this.#redacted(await fingerprints.take(alters.facets));
    const fingerprint = await whileLocked(watch.host.clock, () => history.putFingerprint(taken));
    await journal.append([{ type: 'baseline.taken', fingerprint, arbitrary: alters.arbitrary }]);
  }

  async #revertOne(change: Change, signal: AbortSignal, record?: (evidence: Evidence) => void): Promise<void> {
    const { journal, secrets, run, owner, watch } = this.#dependencies;
    const behaviour = this.#dependencies.runner(change.kind)?.behaviour;
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
    const host = attemptHost(watchOn(watch, change.host), { run, step: change.step, attempt: 'undo', owner });
    const common = { run, signal, record: record ?? recordOwn, progress: () => {} };
    const settled = await undoChange({
      change: { ...change, record: revealed.record },
      behaviour,
      bootId: owner.bootId,
      journaled: journal.historyOf(change.seq),
      observing: { ...common, host: host.observing, named: (name) => host.named(name).observing },
      acting: { ...common, host: host.acting(), named: (name) => host.named(name).acting() },
      begin: () => journal.append([{ type: 'change.reverting', seq: change.seq }]),
    });
    // Such a change is not stuck: the process that resumes the rollback undoes it.
    const trouble = journal.trouble();
    if (trouble !== undefined) throw trouble;
    await journal.append([settled], evidence);
  }

  /** Returns the record of a change with its secrets, which its undo needs. */
  #revealedRecord({ record }: Change) {
    try {
      return { type: 'known', record: this.#dependencies.secrets.reveal(record) } as const;
    } catch (thrown) {
      const { message, hint } = asWfError(thrown);
      return { type: 'missing', reason: `${message}. ${hint}` } as const;
    }
  }

  /**
   * Observes stuck changes again once older ones are undone: a stuck command in a container is gone with the container. No others: the
   * host may still not answer, and each observation would wait for its time-out.
   */
  async #settleGoneWithOthers(asked: readonly Change[]): Promise<void> {
    const { journal } = this.#dependencies;
    const seqs = new Set(asked.map(({ seq }) => seq));
    const changes = journal.changes().filter(({ seq }) => seqs.has(seq));
    const oldestUndone = changes.find(({ status }) => status === 'reverted' || status === 'gone');
    for (const change of changes) {
      if (change.status !== 'stuck' || oldestUndone === undefined || oldestUndone.seq > change.seq) continue;
      const reason = await this.#whyVanished(change);
      if (reason === undefined) continue;
      await journal.append([{ type: 'change.settled', seq: change.seq, status: 'gone', reason }]);
    }
  }

  /** Returns why a change is gone from the host; undefined if it is in place, or that is unknown. */
  async #whyVanished(change: Change): Promise<string | undefined> {
    const { run, owner, watch, secrets } = this.#dependencies;
    const behaviour = this.#dependencies.runner(change.kind)?.behaviour;
    if (behaviour?.type !== 'change') return undefined;
    const host = attemptHost(watchOn(watch, change.host), { run, step: change.step, attempt: 'undo', owner });
    const { signal } = new AbortController();
    const named = (name: string) => host.named(name).observing;
    const context = { run, host: host.observing, named, signal, record: () => {}, progress: () => {} };
    const revealed = this.#revealedRecord(change);
    if (revealed.type === 'missing') return undefined;
    const now = await behaviour.inspect(revealed.record, context).catch(() => undefined);
    return now?.found === 'gone' ? secrets.redactText(now.reason) : undefined;
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
    reason: change.reason ?? `change ${change.seq} of step ${change.step} is still in place`,
  };
}
