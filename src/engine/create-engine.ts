import { concludeRun } from './conclude-run.ts';
import type { Engine, EngineParts, RunHandle, RunObserver, StartRequest } from './engine.ts';
import { asWfError, WfError } from './errors.ts';
import type { RunId } from './ids.ts';
import type { RunHeader } from './journal-event.ts';
import type { MachineModel } from './machine-model.ts';
import { openRun } from './open-run.ts';
import { firstUnmet, lookAtRequirements } from './preflight.ts';
import { rehearse } from './rehearse.ts';
import { rollBackRun } from './roll-back-run.ts';
import { advanceRun } from './run-loop.ts';
import type { StepRunner } from './step.ts';

/** Joins an engine from its parts. */
export function createEngine(parts: EngineParts): Engine {
  return {
    preflight: (workflow, input) => lookAtRequirements(workflow.requirements(input), parts.host),
    rehearse: (workflow, input) => rehearse(workflow.model, input),
    start: (request, observer = {}) => start(parts, request, observer),
    rollBack: (request, observer = {}) => rollBackRun(parts, request, observer),
  };
}

async function start(parts: EngineParts, request: StartRequest, observer: RunObserver): Promise<RunHandle> {
  const requirements = request.workflow.requirements(request.input);
  const claims = requirements.flatMap(({ claim }) => (claim === null ? [] : [claim]));
  const id = request.id ?? parts.newRunId();
  // Before the preflight: what it finds to be free stays free.
  const held = await parts.claims.hold(claims, id).catch(asWfError);
  const release = () => {
    if (!(held instanceof WfError)) held.release();
  };
  try {
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
  const { history, host, owner } = parts;
  const lease = history.create(header, request.definition.description, owner, scoped(parts, claims), header.createdAt);
  const runners = new Map<string, StepRunner>(
    [...workflow.model.invocations.values()].map(({ runner }) => [runner.kind, runner]),
  );
  const { journal, ledger } = openRun(parts, lease, (kind) => runners.get(kind), observer);
  // Taken while the first steps look around: the first intent waits for it, and tells if it failed.
  if (changesHost(workflow.model)) ledger.ensureBaseline().catch(() => {});
  return advanceRun({
    header,
    model: workflow.model,
    lease,
    history,
    host,
    random: parts.random,
    bootId: owner.bootId,
    journal,
    ledger,
    observer,
    conclude: (end) => concludeRun({ header, journal, ledger, keepsChanges: workflow.keepsChanges }, end),
  });
}

/** Names are used up in one network namespace: in another, the same ones are free. */
function scoped({ scope }: EngineParts, claims: readonly string[]): readonly string[] {
  return claims.map((claim) => `${scope} ${claim}`);
}

function changesHost({ invocations }: MachineModel): boolean {
  return [...invocations.values()].some(({ runner }) => runner.behaviour.type === 'change');
}
