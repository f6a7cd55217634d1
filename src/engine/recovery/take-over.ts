import type { RunJournal } from '../journal/run-journal.ts';
import { needsUndo } from '../model/change.ts';
import { WfError } from '../model/errors.ts';
import type { JournalEntry, JournalEvent } from '../model/journal-event.ts';
import { type Owner, sameOwner } from '../model/owner.ts';
import type { ProcessMark } from '../model/process-mark.ts';
import { recordedHostIn } from '../place/recorded-host.ts';
import type { AcquiredClaims } from '../ports/claims.ts';
import type { Lease, StoredRun } from '../ports/history.ts';
import type { RunHost } from '../ports/runtime.ts';
import type { EngineDependencies, EngineServices, RunObserver } from '../run/engine.ts';
import { type OpenRun, openRun } from '../run/open-run.ts';
import { type OpenSteps, openSteps } from '../run/open-steps.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { AlteredFacets } from '../workflow/facets.ts';
import type { StepRunner } from '../workflow/step.ts';

/** A child of a killed process is between fork and exec for some milliseconds, on a busy machine for some tenths of a second. */
const FORK_MS = 5_000;

type LeaseTaken = Extract<JournalEvent, { type: 'lease.taken' }>;

interface TakeOverRequest {
  readonly run: StoredRun;
  /** Closed when the run is let go of. */
  readonly host: RunHost;
  readonly purpose: LeaseTaken['purpose'];
  readonly pauseAfter: string | null;
  /** Whether the run is going to use the names that it claimed: undoing works by identity and needs none. */
  readonly holdNames: boolean;
  /** Whether there is still something to be done, asked once nobody else can do it any more. */
  isDue(run: StoredRun): boolean;
  runner(kind: string): StepRunner | undefined;
  /** The facets of the host that steps can alter; none where no step is going to be carried out. */
  readonly alters: AlteredFacets;
  readonly secrets: Secrets;
  /** That of the run which hibernates in this process. */
  readonly hibernating?: Lease | undefined;
}

/** A run that an earlier process left, taken over. */
export interface TakenRun extends OpenRun {
  /** The run and its journal as the earlier processes left them. */
  readonly run: StoredRun;
  readonly entries: readonly JournalEntry[];
  readonly open: OpenSteps;
  /** Lets go of the claims on the run and its names. */
  release(): void;
  /** Lets go of the run with its lease, before its end: it is interrupted. */
  releaseWithLease(): void;
}

/**
 * Takes over a run that nobody advances: lease, claims, journal, and the end of every process that its earlier owners left behind
 * at work. When this has returned, nobody but this process works on the run; a host that it has made is not kept yet. Null, and
 * nothing was done, where the run is not due any more: a rival has brought it to its end since `run` was read.
 * @throws WfError E_LEASE_HELD, E_NAME_IN_USE, E_ORPHAN_ALIVE; then the run is as interrupted as it was.
 */
export async function takeOver(
  parts: EngineServices,
  { run: seen, host, purpose, pauseAfter, holdNames, isDue, runner, alters, secrets, hibernating }: TakeOverRequest,
  observer: RunObserver,
): Promise<TakenRun | null> {
  const { history, owner, leases } = parts;
  const lease = await takeLease(parts, seen, host, hibernating);
  const held: AcquiredClaims[] = [];
  const release = () => {
    host.close();
    for (const claims of held.splice(0)) claims.release();
  };
  const releaseWithLease = () => {
    release();
    leases.release(lease);
  };
  try {
    held.push(await parts.claims.acquireRun(seen.id, FORK_MS));
    const run = history.run(seen.id) ?? seen;
    if (!isDue(run)) {
      releaseWithLease();
      return null;
    }
    if (holdNames) held.push(await parts.claims.acquire(namesOf(parts, run), run.id));
    const entries = history.journal(run.id);
    requireLastHost(parts, run, host, entries);
    // Since before the journal was read.
    const isHeld = async () => {};
    const opened = openRun(parts, lease, host, runner, alters, observer, secrets, isHeld, run.place, entries);
    await opened.journal.append([{ type: 'lease.taken', purpose, owner, pauseAfter }]);
    const open = openSteps(entries);
    await withRenewedHost(host, async () => {
      // Before the orphaned processes: what is begun until then is killed here, or found there.
      await host.claim();
      await parts.orphans.end(orphansOf(seen, entries, open, opened.journal));
      if (!host.isNew()) await host.keep();
    });
    return { ...opened, run, entries, open, release, releaseWithLease };
  } catch (thrown) {
    releaseWithLease();
    throw thrown;
  }
}

/** Another process may have made the run another host, and died, after this one had read which is the run's. */
function requireLastHost(
  { isAlive }: EngineDependencies,
  { id }: StoredRun,
  host: RunHost,
  entries: readonly JournalEntry[],
) {
  const [opened, last] = [host.identity(), recordedHostIn(entries)];
  if (opened === null || last === null || sameOwner(opened.process, last.process) || !isAlive(last.process)) return;
  throw new WfError('E_LEASE_HELD', `another process has advanced run ${id} meanwhile`, { hint: 'Try again.' });
}

/** Where the host ends at that very moment, an empty one takes its place, and the work is done on that. */
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
): Promise<Lease> {
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

/** Whether a mark is that of a process which an earlier owner of the run left at a step, or at an undo, without an outcome. */
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

/** The names without the namespace in which they are used up, which the port adds itself. */
function namesOf({ history, runtimes }: EngineDependencies, { id, runtime }: StoredRun): readonly string[] {
  const claims = history.claimsOf(id);
  // Asked for only where there is something to hold: to find out takes longer than that.
  const scope = claims.length === 0 ? null : runtimes[runtime].scope;
  if (scope === null) return [];
  return claims.map((claim) => (claim.startsWith(`${scope} `) ? claim.slice(scope.length + 1) : claim));
}
