import { guardObserver } from '../machine/guard-observer.ts';
import { runnersOf } from '../machine/machine-model.ts';
import { rehearse } from '../machine/rehearse.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEvent, RunHeader, RunOptions } from '../model/journal-event.ts';
import type { JsonObject } from '../model/json.ts';
import { type PrestartedHost, prestartHost } from '../place/prestarted-host.ts';
import { keepHost } from '../place/recorded-host.ts';
import type { AcquiredClaims } from '../ports/claims.ts';
import type { StoredRun } from '../ports/history.ts';
import type { RunHost, RunIdentity, Runtime, RuntimeName } from '../ports/runtime.ts';
import { planResume } from '../recovery/plan-resume.ts';
import { resumeRun } from '../recovery/resume-run.ts';
import { rollBackRun } from '../recovery/roll-back-run.ts';
import { settleChanges } from '../recovery/settle-change.ts';
import { answerRequest, deliverRequest } from '../requests/deliver-request.ts';
import { createRequestInbox } from '../requests/request-inbox.ts';
import { NO_SECRETS, type RedactedInput, redactInput, type Secrets, secretsOf } from '../secrets/secrets.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
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
import { checkRequirements, firstUnmet } from './preflight.ts';
import { releaseAtEnd } from './release-run.ts';

/** Creates an engine from its dependencies. */
export function createEngine(dependencies: EngineDependencies): Engine {
  const services = withShared(dependencies);
  const guarded = (observer: RunObserver) => guardObserver(observer, dependencies.warn ?? (() => {}));
  return {
    chooseRuntime: (workflow) => chooseRuntime(services, workflow),
    preflight: (workflow, input, runtime) => preflight(services, workflow, input, runtime),
    prestartHost(runtime, id) {
      const run = newRun(services, id);
      return prestartHost(services, run, runtime, () => claimRun(services, run.id));
    },
    rehearse: (workflow, input, run) => rehearse(workflow, input, services.random, run),
    async start(request, observer = {}) {
      const redacted = redactInput(request.input, request.workflow.secretInputs ?? [], services.random);
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
    answer: (run, request, advance) => answerRequest(services, run, request, advance),
    deliver: (request) => deliverRequest(services, request),
    watchRequests: (run, onRequest) => services.inbox.watch(run, onRequest),
    releaseLease: (lease) => services.leases.release(lease),
    async planResume(request) {
      const secrets = knownSecrets(services, request);
      return redactingErrors(secrets, () => planResume(services, request, secrets));
    },
  };
}

/** Adds what the runs share to the object itself: a copy would read `history`, and so open the database. */
function withShared(dependencies: EngineDependencies): EngineServices {
  const inbox = createRequestInbox(dependencies);
  return Object.assign(dependencies, { leases: abandonedLeases(dependencies), inbox });
}

/** Checks the requirements of a run with this input; the findings are redacted. */
async function preflight(
  { runtimes, random, newRunId, clock }: EngineDependencies,
  workflow: LoadedWorkflow,
  input: JsonObject,
  name: RuntimeName,
): Promise<readonly PreflightFinding[]> {
  const { secrets } = redactInput(input, workflow.secretInputs ?? [], random);
  const runtime = runtimes[name];
  const general = workflow.networking ? await runtime.checkMachine() : [];
  const host = await runtime.open({ id: newRunId(), createdAt: clock.now() }, null);
  const own = await checkRequirements(workflow.requirements(input), host.ports).finally(() => host.close());
  return [...general, ...own].map(({ requirement, result }): PreflightFinding => {
    const { title, purpose } = requirement;
    const redacted = { ...requirement, title: secrets.redactText(title), purpose: secrets.redactText(purpose) };
    if (result.met) return { requirement: redacted, result: { met: true, found: secrets.redactText(result.found) } };
    return { requirement: redacted, result: { met: false, error: secrets.redactError(result.error) } };
  });
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
  const { workflow, prestarted } = request;
  const runtime = services.runtimes[request.runtime];
  const requirements = workflow.requirements(request.input);
  const { redactText } = redacted.secrets;
  const wanted = requirements.flatMap(({ claim }) => (claim === null ? [] : [redactText(claim)]));
  // Read only if there is a claim: reading the scope takes as long as a step. A private host has none: its names are its own.
  const scope = wanted.length === 0 ? null : runtime.scope;
  const names = scope === null ? [] : wanted;
  const run = prestarted?.run ?? newRun(services, request.id);
  // Claimed before the preflight: a name that it finds free stays free.
  const nameClaims = await services.claims.acquire(names, run.id).catch(asWfError);
  const runClaim = claimOnDemand(async () => prestarted?.claims ?? (await claimRun(services, run.id)));
  let host: RunHost | undefined;
  const release = () => {
    host?.close();
    if (!(nameClaims instanceof WfError)) nameClaims.release();
    runClaim.release();
  };
  try {
    if (isClaimedAtStart(request)) await runClaim.claimed();
    const unmetHere = workflow.networking ? firstUnmet(await runtime.checkMachine()) : undefined;
    if (unmetHere !== undefined) throw unmetHere;
    host = await openHost(runtime, run, prestarted);
    // A requirement names the obstacle more precisely than a refused claim does.
    let unmet: WfError | undefined;
    // A private host may have ended meanwhile: nothing of the run is in it yet, and another one serves as well.
    do unmet = firstUnmet(await checkRequirements(requirements, host.ports));
    while (unmet !== undefined && (await host.renew()));
    if (unmet !== undefined) throw unmet;
    if (nameClaims instanceof WfError) throw nameClaims;
    const claims = names.map((name) => `${scope} ${name}`);
    const { claimed } = runClaim;
    return await createAndAdvance(services, request, redacted, { ...run, host, claimed, claims, release }, observer);
  } catch (thrown) {
    release();
    throw thrown;
  }
}

/** Returns the prestarted host, or another one: nothing of the run is in it yet. */
async function openHost(runtime: Runtime, run: RunIdentity, prestarted: PrestartedHost | undefined): Promise<RunHost> {
  try {
    if (prestarted !== undefined) return await prestarted.host;
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
  { id, createdAt, host, claimed, claims, release }: NewRun,
  observer: RunObserver,
): Promise<RunHandle> {
  const { workflow, definition, options } = request;
  const { model } = workflow;
  const place = model.invocations.size === 0 ? undefined : host.ports.place;
  const header: RunHeader = {
    id,
    workflow: workflow.name,
    definitionHash: definition.hash,
    runtime: request.runtime,
    input,
    options: optionsWith(names, options),
    createdAt,
    ...(place === undefined ? {} : { place }),
  };
  const { history, owner, crashPoints, leases } = services;
  crashPoints.reach('before commit create');
  const lease = await history.groupedCommit(() =>
    history.create(header, definition.description, owner, claims, createdAt, request.alone),
  );
  const releaseWithLease = () => {
    release();
    leases.release(lease);
  };
  const runner = runnersOf(model);
  const opened = openRun(services, { lease, host, runner, alters: model.alters, secrets, observer, claimed, place });
  const { pauseAfter } = options;
  const taken: JournalEvent = { type: 'lease.taken', purpose: 'start', owner, pauseAfter };
  let journaled: readonly JournalEvent[];
  try {
    crashPoints.reach('after commit create');
    journaled = await keepHost(host, opened.journal, [taken]);
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
  });
  return releaseAtEnd(handle, { release, releaseWithLease });
}

/** Adds the names of the secret inputs, each with the source of its value. */
function optionsWith(names: readonly string[], { secrets: sources = {}, ...options }: RunOptions): RunOptions {
  if (names.length === 0) return options;
  return { ...options, secrets: Object.fromEntries(names.map((name) => [name, sources[name] ?? null])) };
}

/**
 * Whether a run is claimed at its start: its id was given, so another run may have it; it has a private host; or it changes a host.
 * Any other run is claimed when a step first uses the host: one that only waits or computes takes no lock.
 */
function isClaimedAtStart({ prestarted, id, runtime, workflow }: StartRequest): boolean {
  return (
    prestarted !== undefined ||
    id !== undefined ||
    runtime === 'embedded' ||
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

/** Claims a run id: marks on the host carry it, so two runs with one id cannot be under way on one host. @throws WfError E_RUN_EXISTS */
async function claimRun({ claims }: EngineDependencies, id: RunId): Promise<AcquiredClaims> {
  try {
    return await claims.acquireRun(id, 0);
  } catch (thrown) {
    const cause = asWfError(thrown);
    if (cause.code !== 'E_LEASE_HELD') throw cause;
    throw new WfError('E_RUN_EXISTS', `a run ${id} is under way on this host`, { hint: 'Choose another --id.', cause });
  }
}
