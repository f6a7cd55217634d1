import { requireConfirmable } from '../confirm/confirm-rule.ts';
import { guardObserver } from '../machine/guard-observer.ts';
import { runnersOf } from '../machine/machine-model.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEvent, RunHeader } from '../model/journal-event.ts';
import type { NamedHosts } from '../model/named-host.ts';
import { withNotifyCommand } from '../notify/with-notify-command.ts';
import { hostsOf } from '../place/declared-hosts.ts';
import { type PrestartedHost, prestartHost } from '../place/prestarted-host.ts';
import { keepHost } from '../place/recorded-host.ts';
import { planNewRun, savePlan } from '../plan/new-plan.ts';
import { plannedInput } from '../plan/request-of-plan.ts';
import { requireAsPlanned, requireUnused } from '../plan/require-as-planned.ts';
import type { SavedPlan } from '../plan/saved-plan.ts';
import type { AcquiredClaims } from '../ports/claims.ts';
import { pause } from '../ports/clock.ts';
import type { StoredRun } from '../ports/history.ts';
import type { RunHost, RunIdentity, Runtime } from '../ports/runtime.ts';
import { concludeRun } from '../recovery/conclude-run.ts';
import { planResume } from '../recovery/plan-resume.ts';
import { resumeRun } from '../recovery/resume-run.ts';
import { rollBackRun } from '../recovery/roll-back-run.ts';
import { settleChanges } from '../recovery/settle-change.ts';
import { answerRequest, deliverRequest } from '../requests/deliver-request.ts';
import { createRequestInbox } from '../requests/request-inbox.ts';
import { NO_SECRETS, type RedactedInput, redactInput, type Secrets, secretsOf } from '../secrets/secrets.ts';
import { abandonedLeases } from './abandoned-leases.ts';
import { advanceOpenRun } from './advance-open-run.ts';
import { chooseRuntime } from './choose-runtime.ts';
import type {
  Engine,
  EngineDependencies,
  EngineServices,
  PreflightFinding,
  ResumeRequest,
  RunHandle,
  RunObserver,
  StartRequest,
} from './engine.ts';
import { openRun } from './open-run.ts';
import { checkRequirements, firstUnmet, namesToClaim } from './preflight.ts';
import { releaseAtEnd } from './release-run.ts';
import { optionsWith } from './run-options.ts';

/** Creates an engine from its dependencies. */
export function createEngine(dependencies: EngineDependencies): Engine {
  const services = withShared(dependencies);
  const guarded = (observer: RunObserver) => guardObserver(observer, dependencies.warn ?? (() => {}));
  return {
    chooseRuntime: (workflow, input) => chooseRuntime(services, workflow, input),
    async plan(given) {
      const request = withNotifyCommand(services.notifier, given);
      const redacted = redactInput(request.input, request.workflow.secretInputs ?? [], services.random);
      return redactingErrors(redacted.secrets, () => planNewRun(services, request, redacted));
    },
    savePlan: (planned) => savePlan(services, planned),
    prestartHost(runtime, id) {
      const run = newRun(services, id);
      return prestartHost(services, run, runtime, () => claimRun(services, run.id));
    },
    async start(given, observer = {}) {
      const request = withNotifyCommand(services.notifier, given);
      const { plan, input, workflow } = request;
      const redacted =
        plan === undefined
          ? redactInput(input, workflow.secretInputs ?? [], services.random)
          : plannedInput(plan, input);
      return redactingErrors(redacted.secrets, () => start(services, request, redacted, guarded(observer)));
    },
    async rollBack(request, observer = {}) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => rollBackRun(services, request, secrets, guarded(observer)));
    },
    async resume(request, observer = {}) {
      const seen = request.seen ?? services.history.run(request.run);
      const secrets = secretsIn(seen, request);
      return redactingErrors(secrets, () => resumeRun(services, request, seen, secrets, guarded(observer)));
    },
    async settle(request, observer = {}) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => settleChanges(services, request, secrets, guarded(observer)));
    },
    async conclude(request, until, observer = {}) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => concludeRun(services, { ...request, until }, secrets, guarded(observer)));
    },
    answer: (run, request, advance) => answerRequest(services, run, request, advance),
    deliver: (request) => deliverRequest(services, request),
    watchRequests: (run, onRequest) => services.inbox.watch(run, onRequest),
    releaseLease: (lease) => services.leases.release(lease),
    async planResume(request) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => planResume(services, request, secrets));
    },
    noticesSent: (stop) => services.notifier.sent(stop),
    async planRetry(request) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => planResume(services, request, secrets, { isRetry: true }));
    },
  };
}

/** Adds the shared state of the runs to the object itself: a copy would read `history`, and so open the database. */
function withShared(dependencies: EngineDependencies): EngineServices {
  const inbox = createRequestInbox(dependencies);
  return Object.assign(dependencies, { leases: abandonedLeases(dependencies), inbox });
}

/** Returns the secrets of a run, with the values that the request has for them. */
function knownSecrets({ history }: EngineDependencies, request: Pick<ResumeRequest, 'run' | 'secrets'>): Secrets {
  return secretsIn(history.run(request.run), request);
}

function secretsIn(run: StoredRun | undefined, { secrets = {} }: Pick<ResumeRequest, 'secrets'>): Secrets {
  return run === undefined ? NO_SECRETS : secretsOf(run, secrets);
}

async function redactingErrors<Answer>(secrets: Secrets, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (thrown) {
    throw secrets.redactError(asWfError(thrown));
  }
}

async function start(
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

function newRun({ newRunId, clock }: EngineDependencies, id: RunId = newRunId()): RunIdentity {
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

/**
 * Whether a run is claimed at its start: its id was given, so another run may have it; it may have a private host; or it changes a host.
 * Any other run is claimed when a step first uses the host: one that only waits or computes takes no lock.
 */
function isClaimedAtStart({ prestarted, id, runtime, workflow }: StartRequest): boolean {
  return (
    prestarted !== undefined ||
    id !== undefined ||
    runtime === 'embedded' ||
    workflow.hosts !== undefined ||
    workflow.networking ||
    workflow.model.changesHost
  );
}

/** Acquires a claim at the first call of `claimed`. */
function claimOnDemand(acquire: () => Promise<AcquiredClaims>) {
  let acquired: Promise<AcquiredClaims> | undefined;
  return {
    async claimed() {
      acquired ??= acquire();
      await acquired;
    },
    release() {
      acquired?.then(
        (claims) => claims.release(),
        () => undefined, // the caller of `claimed` got the error
      );
    },
  };
}

/** Time for which another start of the same plan is awaited: it ends with a run, or a refusal. */
const OTHER_START_MS = 30_000;
const OTHER_START_POLL_MS = 50;

/**
 * Claims a run id: marks on the host carry it, so two runs with one id cannot be under way on one host.
 * @throws WfError E_RUN_EXISTS; E_PLAN_USED if another start of the same plan was first
 */
async function claimRun(services: EngineDependencies, id: RunId, plan?: SavedPlan): Promise<AcquiredClaims> {
  for (let waitedMs = 0; ; waitedMs += OTHER_START_POLL_MS) {
    try {
      return await services.claims.acquireRun(id, 0);
    } catch (thrown) {
      const cause = asWfError(thrown);
      if (cause.code !== 'E_LEASE_HELD') throw cause;
      if (plan !== undefined) requireUnused(services, plan);
      if (plan === undefined || waitedMs >= OTHER_START_MS) {
        const hint = 'Choose another --id.';
        throw new WfError('E_RUN_EXISTS', `a run ${id} is under way on this host`, { hint, cause });
      }
    }
    await pause(services.clock, OTHER_START_POLL_MS);
  }
}
