import { requireConfirmable } from '../../confirm/confirm-rule.ts';
import { runnersOf } from '../../machine/machine-model.ts';
import { asWfError, WfError } from '../../model/errors.ts';
import type { RunId } from '../../model/ids.ts';
import type { JournalEvent, RunHeader } from '../../model/journal-event.ts';
import type { NamedHosts } from '../../model/named-host.ts';
import { hostsOf } from '../../place/declared-hosts.ts';
import type { PrestartedHost } from '../../place/prestarted-host.ts';
import { keepHost } from '../../place/recorded-host.ts';
import { requireAsPlanned, requireUnused } from '../../plan/require-as-planned.ts';
import type { AcquiredClaims } from '../../ports/claims.ts';
import type { RunHost, RunIdentity, Runtime } from '../../ports/runtime.ts';
import type { RedactedInput } from '../../secrets/secrets.ts';
import { advanceOpenRun } from '../advance-open-run.ts';
import type {
  EngineDependencies,
  EngineServices,
  PreflightFinding,
  RunHandle,
  RunObserver,
  StartRequest,
} from '../engine.ts';
import { openRun } from '../open-run.ts';
import { checkRequirements, firstUnmet, namesToClaim } from '../preflight.ts';
import { releaseAtEnd } from '../release-run.ts';
import { claimOnDemand, claimRun, isClaimedAtStart } from './claim-run.ts';
import { optionsWith } from './run-options.ts';

/**
 * Starts a run: claims its names, opens its host, checks the requirements, and creates it. If that fails, nothing was touched.
 * @throws WfError as Engine.start does
 */
export async function startRun(
  services: EngineServices,
  request: StartRequest,
  redacted: RedactedInput,
  observer: RunObserver,
): Promise<RunHandle> {
  const { workflow, prestarted, plan } = request;
  requireConfirmable(workflow, request.options);
  const runtime = services.runtimes[request.runtime];
  const requirements = workflow.requirements(request.input);
  const hosts = hostsOf(workflow, request.input);
  const { wanted: names, claims } = namesToClaim(runtime, requirements, hosts, redacted.secrets);
  const run = prestarted?.run ?? newRun(services, request.id);
  const runClaim = claimOnDemand(async () => prestarted?.claims ?? (await claimRun(services, run.id, plan)));
  let nameClaims: AcquiredClaims | WfError | undefined;
  let host: RunHost | undefined;
  // Two processes that start the same run anew would take each other's names for those of a stranger.
  const { retryOf } = request.options;
  const anew = retryOf === undefined ? undefined : await services.claims.acquireRun(retryOf, 0);
  const release = () => {
    host?.close();
    if (!(nameClaims instanceof WfError)) nameClaims?.release();
    runClaim.release();
  };
  try {
    if (isClaimedAtStart(request)) await runClaim.claimed();
    if (plan !== undefined) requireUnused(services, plan);
    // Claimed before the preflight: a name that it finds free stays free.
    nameClaims = await services.claims.acquire(names, run.id).catch(asWfError);
    const unmetHere = workflow.networking ? firstUnmet(await runtime.checkMachine(hosts)) : undefined;
    if (unmetHere !== undefined) throw unmetHere;
    host = await openHost(runtime, run, prestarted);
    const opened = await host.provide(hosts);
    // A requirement names the obstacle more precisely than a refused claim does.
    let findings: readonly PreflightFinding[];
    // A private host may have ended meanwhile: nothing of the run is in it yet, and another one serves as well.
    do findings = await checkRequirements(requirements, host.ports, host.named);
    while (firstUnmet(findings) !== undefined && (await host.renew()));
    const unmet = firstUnmet(findings);
    // An obstacle (exit code 4) is a difference from the plan, which names it.
    if (unmet !== undefined && (plan === undefined || unmet.exitCode !== 4)) throw unmet;
    if (plan !== undefined) await requireAsPlanned(request, plan, redacted, host, findings);
    if (nameClaims instanceof WfError) throw nameClaims;
    const { claimed } = runClaim;
    return await createAndAdvance(
      services,
      request,
      redacted,
      { ...run, host, hosts: opened, claimed, claims, release },
      observer,
    );
  } catch (thrown) {
    release();
    throw thrown;
  } finally {
    anew?.release();
  }
}

/** Returns the prestarted host, or another one: nothing of the run is in it yet. */
async function openHost(runtime: Runtime, run: RunIdentity, prestarted: PrestartedHost | undefined): Promise<RunHost> {
  try {
    if (prestarted !== undefined) return await prestarted.opened();
  } catch (thrown) {
    // Killed while it started.
    if (asWfError(thrown).code !== 'E_NAMESPACE_GONE') throw thrown;
  }
  return runtime.open(run, null);
}

/** Returns the identity of a run that begins now. */
export function newRun({ newRunId, clock }: EngineDependencies, id: RunId = newRunId()): RunIdentity {
  return { id, createdAt: clock.now() };
}

interface NewRun extends RunIdentity {
  readonly host: RunHost;
  readonly hosts: NamedHosts;
  /** Resolves once this process has claimed the run. */
  claimed(): Promise<void>;
  /** Each with the scope in which it is unique. */
  readonly claims: readonly string[];
  /** Releases the host and the claims. */
  release(): void;
}

async function createAndAdvance(
  services: EngineServices,
  request: StartRequest,
  { input, names, secrets }: RedactedInput,
  { id, createdAt, host, hosts, claimed, claims, release }: NewRun,
  observer: RunObserver,
): Promise<RunHandle> {
  const { workflow, definition, options, plan } = request;
  const { model } = workflow;
  const place = model.invocations.size === 0 ? undefined : host.ports.place;
  const header: RunHeader = {
    id,
    workflow: workflow.name,
    definitionHash: definition.hash,
    runtime: request.runtime,
    input,
    options: {
      ...optionsWith(names, options),
      ...(plan === undefined ? {} : { plan: plan.id }),
      ...(Object.keys(hosts).length === 0 ? {} : { hosts }),
    },
    createdAt,
    ...(place === undefined ? {} : { place }),
  };
  const { history, owner, crashPoints, leases } = services;
  crashPoints.reach('before commit create');
  const lease = await history.groupedCommit(() =>
    history.create(header, definition.description, owner, claims, createdAt, request.alone),
  );
  const releaseRun = () => {
    release();
    opened.released();
  };
  const releaseWithLease = () => {
    releaseRun();
    leases.release(lease);
  };
  const runner = runnersOf(model);
  const { alters } = model;
  const { notify } = header.options;
  const opened = openRun(services, { lease, host, runner, alters, secrets, observer, claimed, place, notify });
  const { pauseAfter } = options;
  const taken: JournalEvent = { type: 'lease.taken', purpose: 'start', owner, pauseAfter };
  let journaled: readonly JournalEvent[];
  try {
    crashPoints.reach('after commit create');
    journaled = await keepHost(host, opened.journal, [taken]);
    // The guard is armed before the first decision, with which the event is committed otherwise.
    if (options.confirm !== undefined && journaled.length === 0) {
      journaled = [taken];
      await opened.journal.append(journaled);
    }
  } catch (thrown) {
    releaseWithLease();
    throw thrown;
  }
  // Taken while the first steps observe the host; the first intent awaits it, and reports its error.
  if (model.changesHost) opened.ledger.ensureBaseline().catch(() => {});
  const handle = advanceOpenRun(services, opened, {
    header,
    workflow,
    beginning: { type: 'start', first: journaled.length > 0 ? [] : [taken] },
    pauseAfter,
    mayHibernate: request.mayHibernate ?? false,
    entries: [],
  });
  return releaseAtEnd(handle, { release: releaseRun, releaseWithLease });
}
