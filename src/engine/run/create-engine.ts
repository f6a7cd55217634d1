import { guardObserver } from '../machine/guard-observer.ts';
import { runnersOf } from '../machine/machine-model.ts';
import { rehearse } from '../machine/rehearse.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { JournalEvent, RunHeader, RunOptions } from '../model/journal-event.ts';
import type { JsonObject } from '../model/json.ts';
import { prestartHost } from '../place/prestarted-host.ts';
import { keepHost } from '../place/recorded-host.ts';
import type { AcquiredClaims } from '../ports/claims.ts';
import type { StoredRun } from '../ports/history.ts';
import type { RunHost, RunIdentity, RuntimeName } from '../ports/runtime.ts';
import { planResume } from '../recovery/plan-resume.ts';
import { resumeRun } from '../recovery/resume-run.ts';
import { rollBackRun } from '../recovery/roll-back-run.ts';
import { NO_SECRETS, type RedactedInput, redactInput, type Secrets, secretsOf } from '../secrets/secrets.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';
import { abandonedLeases } from './abandoned-leases.ts';
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
import { finishRun } from './finish-run.ts';
import { openRun } from './open-run.ts';
import { checkRequirements, firstUnmet } from './preflight.ts';
import { releaseAtEnd } from './release-run.ts';
import { advanceRun } from './run-loop.ts';

/** Joins an engine from its parts. */
export function createEngine(given: EngineDependencies): Engine {
  const parts = joined(given);
  const guarded = (observer: RunObserver) => guardObserver(observer, given.warn ?? (() => {}));
  return {
    chooseRuntime: (workflow) => chooseRuntime(parts, workflow),
    preflight: (workflow, input, runtime) => preflight(parts, workflow, input, runtime),
    prestartHost(runtime, id) {
      const run = newRun(parts, id);
      return prestartHost(parts, run, runtime, () => acquireRun(parts, run.id));
    },
    rehearse: (workflow, input, run) => rehearse(workflow, input, parts.random, run),
    async start(request, observer = {}) {
      const redacted = redactInput(request.input, request.workflow.secretInputs ?? [], parts.random);
      return redactingErrors(redacted.secrets, () => start(parts, request, redacted, guarded(observer)));
    },
    async rollBack(request, observer = {}) {
      const secrets = knownSecrets(parts, request);
      return redactingErrors(secrets, () => rollBackRun(parts, request, secrets, guarded(observer)));
    },
    async resume(request, observer = {}) {
      const seen = request.seen ?? parts.history.run(request.run);
      const secrets = secretsIn(seen, request);
      return redactingErrors(secrets, () => resumeRun(parts, request, seen, secrets, guarded(observer)));
    },
    releaseLease: (lease) => parts.leases.release(lease),
    async planResume(request) {
      const secrets = knownSecrets(parts, request);
      return redactingErrors(secrets, () => planResume(parts, request, secrets));
    },
  };
}

/** Adds to the parts themselves: a copy would read `history`, which opens the database. */
function joined(parts: EngineDependencies): EngineServices {
  return Object.assign(parts, { leases: abandonedLeases(parts) });
}

/** Looks at the requirements of a run with this input; what is told of them holds no secret. */
async function preflight(parts: EngineDependencies, workflow: LoadedWorkflow, input: JsonObject, name: RuntimeName) {
  const { secrets } = redactInput(input, workflow.secretInputs ?? [], parts.random);
  const runtime = parts.runtimes[name];
  const general = workflow.networking ? await runtime.checkMachine() : [];
  const host = await runtime.open({ id: parts.newRunId(), createdAt: parts.clock.now() }, null);
  const own = await checkRequirements(workflow.requirements(input), host.ports).finally(() => host.close());
  return [...general, ...own].map(({ requirement, result }): PreflightFinding => {
    const { title, purpose } = requirement;
    const hidden = { ...requirement, title: secrets.redactText(title), purpose: secrets.redactText(purpose) };
    if (result.met) return { requirement: hidden, result: { met: true, found: secrets.redactText(result.found) } };
    return { requirement: hidden, result: { met: false, error: secrets.redactError(result.error) } };
  });
}

/** As far as this process was given the values of a run's secret inputs. */
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
  parts: EngineServices,
  request: StartRequest,
  redacted: RedactedInput,
  observer: RunObserver,
): Promise<RunHandle> {
  const { workflow } = request;
  const runtime = parts.runtimes[request.runtime];
  const requirements = workflow.requirements(request.input);
  const { redactText } = redacted.secrets;
  // On a host of its own nobody else can use up a name.
  const wanted = requirements.flatMap(({ claim }) => (claim === null ? [] : [redactText(claim)]));
  // Asked for only where there is something to claim: to find out takes as long as a step.
  const scope = wanted.length === 0 ? null : runtime.scope;
  const claims = scope === null ? [] : wanted;
  const { prestarted } = request;
  const run = prestarted?.run ?? newRun(parts, request.id);
  // Before the preflight: what it finds to be free stays free.
  const held = await parts.claims.acquire(claims, run.id).catch(asWfError);
  const hold = heldOnDemand(async () => prestarted?.held ?? (await acquireRun(parts, run.id)));
  let host: RunHost | undefined;
  const release = () => {
    host?.close();
    if (!(held instanceof WfError)) held.release();
    hold.release();
  };
  try {
    if (isHeldFromStart(request)) await hold.held();
    const unmetHere = workflow.networking ? firstUnmet(await runtime.checkMachine()) : undefined;
    if (unmetHere !== undefined) throw unmetHere;
    host = await (prestarted?.host ?? runtime.open(run, null));
    // What stands on the host tells more of what is in the way than a claim can.
    const unmet = firstUnmet(await checkRequirements(requirements, host.ports));
    if (unmet !== undefined) throw unmet;
    if (held instanceof WfError) throw held;
    return await begin(
      parts,
      request,
      redacted,
      { ...run, host, held: hold.held, claims: scoped(scope, claims), release },
      observer,
    );
  } catch (thrown) {
    release();
    throw thrown;
  }
}

function newRun({ newRunId, clock }: EngineDependencies, id: RunId = newRunId()): RunIdentity {
  return { id, createdAt: clock.now() };
}

interface Begun extends RunIdentity {
  readonly host: RunHost;
  /** Comes when the run is held. */
  held(): Promise<void>;
  /** With the scope that each is claimed in. */
  readonly claims: readonly string[];
  /** Lets go of the host and the claims. */
  release(): void;
}

async function begin(
  parts: EngineServices,
  request: StartRequest,
  { input, names, secrets }: RedactedInput,
  { id, createdAt, host, held, claims, release }: Begun,
  observer: RunObserver,
): Promise<RunHandle> {
  const { workflow } = request;
  const place = workflow.model.invocations.size === 0 ? undefined : host.ports.place;
  const header: RunHeader = {
    id,
    workflow: workflow.name,
    definitionHash: request.definition.hash,
    runtime: request.runtime,
    input,
    options: optionsWith(names, request.options),
    createdAt,
    ...(place === undefined ? {} : { place }),
  };
  const { history, owner, crashPoints, leases } = parts;
  const { pauseAfter } = request.options;
  crashPoints.reach('before commit create');
  const lease = await history.groupedCommit(() =>
    history.create(header, request.definition.description, owner, claims, createdAt),
  );
  const releaseWithLease = () => {
    release();
    leases.release(lease);
  };
  const { model } = workflow;
  const { journal, ledger, watch } = openRun(
    parts,
    lease,
    host,
    runnersOf(model),
    model.alters,
    observer,
    secrets,
    held,
    place,
  );
  const taken: JournalEvent = { type: 'lease.taken', purpose: 'start', owner, pauseAfter };
  let journaled: readonly JournalEvent[];
  try {
    crashPoints.reach('after commit create');
    journaled = await keepHost(host, journal, [taken]);
  } catch (thrown) {
    releaseWithLease();
    throw thrown;
  }
  // Taken while the first steps look around: the first intent waits for it, and tells if it failed.
  if (workflow.model.changesHost) ledger.ensureBaseline().catch(() => {});
  const handle = advanceRun({
    header,
    model: workflow.model,
    beginning: { type: 'start', first: journaled.length > 0 ? [] : [taken] },
    pauseAfter,
    mayHibernate: request.mayHibernate ?? false,
    history,
    watch,
    random: parts.random,
    owner,
    journal,
    ledger,
    secrets,
    observer,
    finish: (end, stopSignal) =>
      finishRun(
        { header, host, journal, ledger, keepsChanges: workflow.keepsChanges, proofs: workflow.proofs, stopSignal },
        end,
      ),
  });
  return releaseAtEnd(handle, { release, releaseWithLease });
}

/** With which inputs are secret, and where each was taken from. */
function optionsWith(names: readonly string[], { secrets: sources = {}, ...options }: RunOptions): RunOptions {
  if (names.length === 0) return options;
  return { ...options, secrets: Object.fromEntries(names.map((name) => [name, sources[name] ?? null])) };
}

/**
 * Whether a run is held from its start: its id was given, and may be another's; it has a host of its own, or is there to change one.
 * Any other is held as soon as a step of it reaches for the host: one that only waits or computes takes no lock.
 */
function isHeldFromStart({ prestarted, id, runtime, workflow }: StartRequest): boolean {
  return (
    prestarted !== undefined ||
    id !== undefined ||
    runtime === 'embedded' ||
    workflow.networking ||
    workflow.model.changesHost
  );
}

/** Holds a run when it is first asked for. */
function heldOnDemand(hold: () => Promise<AcquiredClaims>) {
  let asked: Promise<AcquiredClaims> | undefined;
  return {
    async held() {
      asked ??= hold();
      await asked;
    },
    release() {
      asked?.then(
        (held) => held.release(),
        () => undefined, // it was told to whoever asked
      );
    },
  };
}

/** Marks carry the run's id: no two runs of one id, of whatever databases, may be under way on one host. */
async function acquireRun({ claims }: EngineDependencies, id: RunId): Promise<AcquiredClaims> {
  try {
    return await claims.acquireRun(id, 0);
  } catch (thrown) {
    const cause = asWfError(thrown);
    if (cause.code !== 'E_LEASE_HELD') throw cause;
    throw new WfError('E_RUN_EXISTS', `a run ${id} is under way on this host`, { hint: 'Choose another --id.', cause });
  }
}

/** Names are used up in one network namespace: in another, the same ones are free. */
function scoped(scope: string | null, claims: readonly string[]): readonly string[] {
  return claims.map((claim) => `${scope} ${claim}`);
}
