import { concludeRun } from './conclude-run.ts';
import type { Engine, EngineParts, RunHandle, RunObserver, StartRequest } from './engine.ts';
import { asWfError, WfError } from './errors.ts';
import type { RunId } from './ids.ts';
import type { RunHeader } from './journal-event.ts';
import { type MachineModel, runnersOf } from './machine-model.ts';
import { openRun } from './open-run.ts';
import { planResume } from './plan-resume.ts';
import type { HeldClaims } from './ports/claims.ts';
import { firstUnmet, lookAtRequirements } from './preflight.ts';
import { rehearse } from './rehearse.ts';
import { resumeRun } from './resume-run.ts';
import { rollBackRun } from './roll-back-run.ts';
import { advanceRun } from './run-loop.ts';

/** Joins an engine from its parts. */
export function createEngine(parts: EngineParts): Engine {
  return {
    preflight: (workflow, input) => lookAtRequirements(workflow.requirements(input), parts.host),
    rehearse: (workflow, input) => rehearse(workflow.model, input),
    start: (request, observer = {}) => start(parts, request, observer),
    rollBack: (request, observer = {}) => rollBackRun(parts, request, observer),
    resume: (request, observer = {}) => resumeRun(parts, request, observer),
    planResume: (request) => planResume(parts, request),
  };
}

async function start(parts: EngineParts, request: StartRequest, observer: RunObserver): Promise<RunHandle> {
  const requirements = request.workflow.requirements(request.input);
  const claims = requirements.flatMap(({ claim }) => (claim === null ? [] : [claim]));
  const id = request.id ?? parts.newRunId();
  // Before the preflight: what it finds to be free stays free.
  const held = await parts.claims.hold(claims, id).catch(asWfError);
  let heldRun: HeldClaims | undefined;
  const release = () => {
    if (!(held instanceof WfError)) held.release();
    heldRun?.release();
  };
  try {
    heldRun = await holdRun(parts, id);
    // What stands on the host tells more of what is in the way than a claim can.
    const unmet = firstUnmet(await lookAtRequirements(requirements, parts.host));
    if (unmet !== undefined) throw unmet;
    if (held instanceof WfError) throw held;
    const handle = begin(parts, request, id, claims, observer);
    return { ...handle, result: handle.result.finally(release) };
  } catch (thrown) {
    release();
    throw thrown;
  }
}

function begin(
  parts: EngineParts,
  request: StartRequest,
  id: RunId,
  claims: readonly string[],
  observer: RunObserver,
): RunHandle {
  const { workflow } = request;
  const header: RunHeader = {
    id,
    workflow: workflow.name,
    definitionHash: request.definition.hash,
    runtime: request.runtime,
    input: request.input,
    options: request.options,
    createdAt: parts.clock.now(),
  };
  const { history, owner, crashPoints } = parts;
  const { pauseAfter } = request.options;
  crashPoints.reach('before commit create');
  const lease = history.create(header, request.definition.description, owner, scoped(parts, claims), header.createdAt);
  crashPoints.reach('after commit create');
  const { journal, ledger, watch } = openRun(parts, lease, runnersOf(workflow.model), observer);
  // Taken while the first steps look around: the first intent waits for it, and tells if it failed.
  if (changesHost(workflow.model)) ledger.ensureBaseline().catch(() => {});
  return advanceRun({
    header,
    model: workflow.model,
    beginning: { type: 'start', first: [{ type: 'lease.taken', purpose: 'start', owner, pauseAfter }] },
    pauseAfter,
    history,
    watch,
    random: parts.random,
    owner,
    journal,
    ledger,
    observer,
    conclude: (end, stopSignal) =>
      concludeRun({ header, journal, ledger, keepsChanges: workflow.keepsChanges, stopSignal }, end),
  });
}

/** Marks carry the run's id: no two runs of one id, of whatever databases, may be under way on one host. */
async function holdRun({ claims }: EngineParts, id: RunId): Promise<HeldClaims> {
  try {
    return await claims.holdRun(id, 0);
  } catch (thrown) {
    const cause = asWfError(thrown);
    if (cause.code !== 'E_LEASE_HELD') throw cause;
    throw new WfError('E_RUN_EXISTS', `a run ${id} is under way on this host`, { hint: 'Choose another --id.', cause });
  }
}

/** Names are used up in one network namespace: in another, the same ones are free. */
function scoped({ scope }: EngineParts, claims: readonly string[]): readonly string[] {
  return claims.map((claim) => `${scope} ${claim}`);
}

function changesHost({ invocations }: MachineModel): boolean {
  return [...invocations.values()].some(({ runner }) => runner.behaviour.type === 'change');
}
