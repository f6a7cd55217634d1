import type { RunJournal } from '../journal/run-journal.ts';
import { needsUndo } from '../model/change.ts';
import { WfError } from '../model/errors.ts';
import { type Owner, sameOwner } from '../model/identity/owner.ts';
import type { ProcessMark } from '../model/identity/process-mark.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import { recordedHostIn } from '../place/recorded-host.ts';
import type { AcquiredClaims } from '../ports/claims.ts';
import type { Lease, StoredRun, TakenLease } from '../ports/history.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { EngineDependencies, EngineServices, RunObserver } from '../run/engine.ts';
import { type OpenSteps, openSteps } from '../run/loop/open-steps.ts';
import { type OpenRun, openRun } from '../run/open-run.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { AlteredFacets } from '../workflow/facets.ts';
import type { StepRunner } from '../workflow/step.ts';

/** The child of a killed process is between fork and exec for some milliseconds, on a busy machine for some tenths of a second. */
const FORK_MS = 5_000;

type LeaseTaken = Extract<JournalEvent, { type: 'lease.taken' }>;

export interface TakeOverRequest {
  readonly run: StoredRun;
  /** Closed when the run is released. */
  readonly host: RunHost;
  readonly purpose: LeaseTaken['purpose'];
  readonly pauseAfter: string | null;
  /** Whether to claim the names of the run again: undoing works by identity and needs none. */
  readonly claimNames: boolean;
  /** Names to claim with those of the run, which may have released them at its end; each without its scope. */
  readonly moreNames?: readonly string[];
  /** Whether there is something left to do; called when no other process can do it any more. */
  isDue(run: StoredRun): boolean;
  runner(kind: string): StepRunner | undefined;
  /** The facets of the host that steps can alter; none if no step will be carried out. */
  readonly alters: AlteredFacets;
  readonly secrets: Secrets;
  readonly observer: RunObserver;
  /** The lease of the run if it hibernates in this process. */
  readonly hibernating?: Lease | undefined;
  readonly by?: LeaseTaken['by'] | undefined;
}

/** A run that an earlier process left, taken over. */
export interface TakenRun extends OpenRun {
  /** The run and its journal as the earlier processes left them. */
  readonly run: StoredRun;
  readonly entries: readonly JournalEntry[];
  readonly open: OpenSteps;
  /** Closes the host, and releases the claims on the run and its names. */
  release(): void;
  /** Releases the lease too, before the end of the run: it is interrupted. */
  releaseWithLease(): void;
}

/**
 * Takes over a run that nobody advances: takes its lease and claims, reads its journal, and ends every process that its earlier owners
 * left at work. After that only this process works on the run; a host that it has made is not kept yet. Returns null, and does nothing,
 * if the run is not due: a rival has ended it since `run` was read.
 * @throws WfError E_LEASE_HELD, E_NAME_IN_USE, E_ORPHAN_ALIVE; the run is then still interrupted
 */
export async function takeOver(
  services: EngineServices,
  {
    run: seen,
    host,
    purpose,
    pauseAfter,
    claimNames,
    moreNames = [],
    isDue,
    hibernating,
    by,
    ...request
  }: TakeOverRequest,
): Promise<TakenRun | null> {
  const { history, claims, owner, leases, orphans } = services;
  const lease = await takeLease(services, seen, host, hibernating);
  const acquired: AcquiredClaims[] = [];
  let released = () => {};
  const release = () => {
    host.close();
    for (const each of acquired.splice(0)) each.release();
    released();
  };
  const releaseWithLease = () => {
    release();
    leases.release(lease);
  };
  try {
    acquired.push(await claims.acquireRun(seen.id, FORK_MS));
    const run = history.run(seen.id) ?? seen;
    if (!isDue(run)) {
      releaseWithLease();
      return null;
    }
    if (claimNames)
      acquired.push(await claims.acquire([...new Set([...namesOf(services, run), ...moreNames])], run.id));
    const entries = history.journal(run.id);
    requireLastHost(services, run, host, entries);
    const { place } = run;
    // A run that hibernates in this process is taken from nobody.
    const from = lease.from === null || sameOwner(lease.from, owner) ? {} : { from: lease.from };
    const { notify } = run.options;
    const claimed = async () => {};
    const holder = seen.owner;
    const opened = openRun(services, { ...request, lease, host, claimed, place, notify, entries, holder });
    released = opened.released;
    await opened.journal.append([
      { type: 'lease.taken', purpose, owner, pauseAfter, ...(by === undefined ? {} : { by }), ...from },
    ]);
    const open = openSteps(entries);
    await withRenewedHost(host, async () => {
      // Before the orphaned processes: the claim ends the work of the host, or leaves it to be found among them.
      await host.claim();
      await orphans.end(orphansOf(seen, entries, open, opened.journal));
      // No command is left that could read them.
      await host.ports.files.removeForCommand(run.id, null);
      if (!host.isNew()) await host.keep();
    });
    return { ...opened, run, entries, open, release, releaseWithLease };
  } catch (thrown) {
    releaseWithLease();
    throw thrown;
  }
}

/** Refuses an outdated host: another process has created a new one for the run since this process read which host it has. */
function requireLastHost(
  { isAlive }: EngineDependencies,
  { id }: StoredRun,
  host: RunHost,
  entries: readonly JournalEntry[],
) {
  const [opened, last] = [host.identity(), recordedHostIn(entries)];
  if (opened === null || last === null || sameOwner(opened.process, last.process) || !isAlive(last.process)) return;
  throw new WfError('E_LEASE_HELD', `run ${id} was advanced by another process meanwhile`, {
    hint: 'Try again.',
  });
}

/** Runs `work`; if the host ends meanwhile, renews it and runs `work` again on the empty one. */
export async function withRenewedHost<Answer>(host: RunHost, work: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!(await host.renew())) throw thrown;
    }
  }
}

async function takeLease(
  { history, owner, isAlive, leases }: EngineServices,
  { id }: StoredRun,
  host: RunHost,
  hibernating: Lease | undefined,
): Promise<TakenLease> {
  const isAdvanced = (holder: Owner) => isAlive(holder) && !leases.isAbandoned(id, holder);
  try {
    const lease = await history.groupedCommit(() => history.takeOver(id, owner, isAdvanced, hibernating));
    leases.takenOver(id);
    return lease;
  } catch (thrown) {
    host.close();
    throw thrown;
  }
}

/** Selects the marks of processes that an earlier owner of the run left at a step, or at an undo, without an outcome. */
function orphansOf(
  run: StoredRun,
  entries: readonly JournalEntry[],
  open: OpenSteps,
  journal: RunJournal,
): (mark: ProcessMark) => boolean {
  const owners: readonly Owner[] = [
    ...(run.owner === null ? [] : [run.owner]),
    ...entries.flatMap(({ event }) => (event.type === 'lease.taken' ? [event.owner] : [])),
  ];
  const undone = new Set(
    journal
      .changes()
      .filter((change) => needsUndo(change) && journal.historyOf(change.seq).undoBegun)
      .map(({ step }) => step),
  );
  return (mark) =>
    mark.run === run.id &&
    owners.some((owner) => sameOwner(owner, mark.owner)) &&
    (mark.attempt === 'undo' ? undone.has(mark.step) : open.has(mark.step));
}

/** Returns the claimed names without their scope, which the port adds itself. */
function namesOf({ history, runtimes }: EngineDependencies, { id, runtime }: StoredRun): readonly string[] {
  const claims = history.claimsOf(id);
  // Read only if there is a claim: reading the scope takes longer than claiming.
  const scope = claims.length === 0 ? null : runtimes[runtime].scope;
  if (scope === null) return [];
  return claims.map((claim) => (claim.startsWith(`${scope} `) ? claim.slice(scope.length + 1) : claim));
}
