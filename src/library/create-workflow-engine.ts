import { checkInput } from '../definition/check-input.ts';
import type { LoadedFile } from '../definition/load.ts';
import { APPLY_WITHIN_MS } from '../engine/confirm/confirm-rule.ts';
import { parseSentEvent } from '../engine/machine/sent-event.ts';
import { asWfError, errorOfRecord, WfError } from '../engine/model/errors.ts';
import { parsePlanId, parseRunId, RUN_ID_RULE, type RunId } from '../engine/model/ids.ts';
import type { ConfirmRule } from '../engine/model/journal-event.ts';
import type { JsonObject } from '../engine/model/json.ts';
import type { MachineEvent } from '../engine/model/machine-event.ts';
import type { Demand } from '../engine/model/request.ts';
import { parseNotifyArgv } from '../engine/notify/notify-argv.ts';
import { planNotFound, planUsed } from '../engine/plan/plan-differences.ts';
import { requestOfPlan } from '../engine/plan/request-of-plan.ts';
import { pause } from '../engine/ports/clock.ts';
import type { HistoryPort, StoredRun } from '../engine/ports/history.ts';
import { advanceFor } from '../engine/requests/answers.ts';
import { createEngine } from '../engine/run/create-engine.ts';
import type { Engine, PlanRequest, ResumeRequest, RunHandle, RunObserver, StartRequest } from '../engine/run/engine.ts';
import { runNotFound } from '../engine/run/run-refusal.ts';
import { redactInput } from '../engine/secrets/secrets.ts';
import type { StepRunner } from '../engine/workflow/step.ts';
import { openHistory } from '../history/open.ts';
import { confirmStamp } from '../host/guard/confirm-stamp.ts';
import { systemClock } from '../host/machine/clock.ts';
import { requester } from '../host/machine/requester.ts';
import { isAlive } from '../host/processes/process.ts';
import { isResumable } from '../review/actions/allowed-actions.ts';
import { listRuns } from '../review/query/list-runs.ts';
import { type PlanRecord, planRecord } from '../review/record/plan-record.ts';
import { readRunMaterial } from '../review/record/run-material.ts';
import { type RunRecord, runRecord, runSummary } from '../review/record/run-record.ts';
import { machinePorts } from '../runtime/machine-ports.ts';
import { createRuntimes } from '../runtime/runtimes.ts';
import type { Traces } from '../telemetry/open-traces.ts';
import { engineDependencies } from './dependencies/engine-dependencies.ts';
import { processTraces } from './dependencies/process-traces.ts';
import { ownStepRunners } from './dependencies/step-runners.ts';
import { type Hibernation, type KeptAdvancing, keepAdvancing } from './keep-advancing.ts';
import { type KnownWorkflows, loadKnown } from './known-workflows.ts';
import { newRunId } from './new-run-id.ts';
import { requirePlannedDefinition } from './planned-definition.ts';
import { retryRequest } from './retry-request.ts';
import { subscribe } from './subscribe.ts';
import type {
  AdvancedRun,
  ApplyPlanOptions,
  ConfirmOptions,
  OpenEngineOptions,
  PlanRunOptions,
  RequestOptions,
  ResumedRun,
  ResumeRunOptions,
  RollBackRunOptions,
  StartRunOptions,
  WorkflowEngine,
  WorkflowSource,
} from './workflow-engine.ts';

/** The default limit of a list of runs. */
const LISTED = 20;
/** Number of runs whose journals are read together: they work while the next ones are read. Few at first, so that steps begin early. */
const RESUMED_FIRST = 10;
const RESUMED_AT_A_TIME = 100;

/** Creates the engine of {@link openEngine}. */
export async function createWorkflowEngine({ database, workflows = [] }: OpenEngineOptions): Promise<WorkflowEngine> {
  const known = await loadKnown(workflows);
  const traces = await processTraces(({ message, hint }) => process.emitWarning(`${message} ${hint}`));
  const history = openHistory(database);
  try {
    const runtimes = createRuntimes(machinePorts(process.env, database));
    const engine = createEngine(engineDependencies(runtimes, database, traces, () => history));
    return embed(engine, history, known, traces);
  } catch (thrown) {
    history.close();
    throw thrown;
  }
}

function embed(
  engine: Engine,
  history: HistoryPort,
  known: KnownWorkflows,
  traces: Traces | undefined,
): WorkflowEngine {
  const advanced = new Set<AdvancedRun>();
  /** Starts, resumes and rollbacks that have not resolved to a run yet. */
  const beginning = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  /** Calls `begin` unless the engine is closing; `close` waits for the result. */
  async function begun<Begun>(begin: () => Promise<Begun>): Promise<Begun> {
    if (closing !== undefined) throw closed();
    const begins = begin();
    beginning.add(begins);
    try {
      return await begins;
    } finally {
      beginning.delete(begins);
    }
  }

  function storedRun(text: string): StoredRun {
    const id = runIdOf(text);
    const run = history.run(id);
    if (run === undefined) throw runNotFound(id);
    return run;
  }

  const summaryOf = (run: StoredRun) => runSummary(run, isAlive, () => readRunMaterial(history, run));
  const recordOf = (id: string): RunRecord => runRecord(readRunMaterial(history, storedRun(id)), isAlive);

  function hibernationOf(request: ResumeRequest, observer: RunObserver | undefined): Hibernation {
    return {
      resume: (hibernating) => engine.resume({ ...request, hibernating }, observer),
      release: engine.releaseLease,
      watch: engine.watchRequests,
    };
  }

  function advance(handle: RunHandle, hibernation: Hibernation): AdvancedRun {
    const { id } = handle;
    const kept = keepAdvancing(handle, hibernation, systemClock);
    const result = handled(kept.result.finally(() => advanced.delete(run)));
    let record: Promise<RunRecord> | undefined;
    const run: AdvancedRun = {
      id,
      result,
      // Lazy: reading the record takes longer than a short run.
      get record() {
        record ??= handled(result.then(() => recordOf(id)));
        return record;
      },
      send: (event) => handled(sendChecked(kept, event)),
      interrupt: (signal = 'SIGTERM') => kept.interrupt(signal),
    };
    advanced.add(run);
    // `close` was called while the run began.
    if (closing !== undefined) run.interrupt();
    return run;
  }

  /** Returns the request for a run, without hibernation. */
  async function requestOf(source: WorkflowSource, given: JsonObject, options: PlanRunOptions): Promise<PlanRequest> {
    const { workflow, definition } = known.find(source);
    const { onFailure = 'rollback', id } = options;
    const resume = options.resume === undefined ? {} : { resume: options.resume };
    const pauseAfter = stageOf(options.pauseAfter, workflow);
    const input = checkedInput(workflow, given);
    const runtime = options.runtime ?? (await engine.chooseRuntime(workflow, input)).runtime;
    const confirm = options.confirm === undefined ? {} : { confirm: confirmRule(options.confirm) };
    const notify =
      options.notify === undefined ? {} : { notify: options.notify && parseNotifyArgv(options.notify, 'notify') };
    const runOptions = { onFailure, pauseAfter, ...confirm, ...resume, ...notify };
    const request = { workflow, definition, input, runtime, options: runOptions };
    return id === undefined ? request : { ...request, id: runIdOf(id) };
  }

  async function begin(request: StartRequest, observer: RunObserver | undefined): Promise<AdvancedRun> {
    const { workflow, definition, options } = request;
    const mayHibernate = canHibernate(workflow);
    const handle = await engine.start({ ...request, mayHibernate }, observer);
    const { pauseAfter } = options;
    const again = { run: handle.id, workflow, definition, acceptChanges: false, pauseAfter, mayHibernate };
    return advance(handle, hibernationOf(again, observer));
  }

  async function start(source: WorkflowSource, given: JsonObject, options: StartRunOptions = {}): Promise<AdvancedRun> {
    return begin(await requestOf(source, given, options), options.observer);
  }

  async function plan(source: WorkflowSource, given: JsonObject, options: PlanRunOptions = {}): Promise<PlanRecord> {
    const request = await requestOf(source, given, options);
    const planned = await engine.plan({ id: newRunId(), ...request });
    return planRecord(engine.savePlan(planned));
  }

  async function apply(text: string, { secrets = {}, observer }: ApplyPlanOptions = {}): Promise<AdvancedRun> {
    const id = parsePlanId(text);
    const stored = id === undefined ? undefined : history.plan(id);
    if (stored === undefined) throw planNotFound(text);
    if (stored.usedBy !== null) throw planUsed(stored.id, stored.usedBy);
    const loaded = known.find(stored.workflow);
    requirePlannedDefinition(stored, loaded, history.definition(stored.definitionHash));
    return begin(requestOfPlan(stored, loaded, secrets), observer);
  }

  async function resume(
    id: string,
    { acceptChanges = false, secrets = {}, observer, ...options }: ResumeRunOptions = {},
  ): Promise<AdvancedRun> {
    const run = storedRun(id);
    const { workflow, definition } = known.find(run.workflow);
    const pauseAfter = stageOf(options.pauseAfter, workflow);
    const mayHibernate = canHibernate(workflow);
    const request = { run: run.id, workflow, definition, acceptChanges, pauseAfter, secrets, mayHibernate };
    // `seen` is out of date when the run is resumed after hibernation.
    const handle = await engine.resume({ ...request, seen: run }, observer);
    return advance(handle, hibernationOf(request, observer));
  }

  /** Starts a rolled-back run anew. */
  async function startAgain(run: StoredRun, { secrets = {}, observer }: ResumeRunOptions): Promise<AdvancedRun> {
    const file = known.find(run.workflow);
    const { workflow, definition } = file;
    const pauseAfter = stageOf(run.options.pauseAfter, workflow);
    const mayHibernate = canHibernate(workflow);
    const sources = run.options.secrets ?? {};
    const request = { ...retryRequest(run, file, { values: secrets, sources }), mayHibernate };
    const handle = await engine.start(request, observer);
    const again = { run: handle.id, workflow, definition, acceptChanges: false, pauseAfter, mayHibernate };
    return advance(handle, hibernationOf(again, observer));
  }

  async function resumeAll(): Promise<readonly ResumedRun[]> {
    const runs = history.unfinishedRuns().filter((run) => isResumable(run, isAlive));
    const resumed: ResumedRun[] = [];
    while (runs.length > 0) {
      const next = runs.splice(0, resumed.length === 0 ? RESUMED_FIRST : RESUMED_AT_A_TIME);
      resumed.push(...(await Promise.all(next.map(resumeOne))));
    }
    return resumed;
  }

  async function resumeOne({ id }: StoredRun): Promise<ResumedRun> {
    try {
      // `close` was called while others were resumed.
      if (closing !== undefined) throw closed();
      return { id, run: await resume(id) };
    } catch (thrown) {
      return { id, error: asWfError(thrown) };
    }
  }

  /** Returns a function that finds the step runners of the known workflows, and those of wf. */
  async function undoRunner(): Promise<(kind: string) => StepRunner | undefined> {
    const runners = new Map([...known.all().flatMap(runnersIn), ...(await ownStepRunners())]);
    return (kind) => runners.get(kind);
  }

  async function rollBack(
    id: string,
    { removeKept = false, secrets = {}, observer }: RollBackRunOptions = {},
  ): Promise<AdvancedRun | null> {
    const request = { run: storedRun(id).id, runner: await undoRunner(), removeKept, secrets };
    const handle = await engine.rollBack(request, observer);
    return handle === null ? null : advance(handle, NEVER);
  }

  /** Begins to advance a run that nobody advances, so that it answers. */
  async function answer(run: RunId, demand: Demand, options: ResumeRunOptions): Promise<unknown> {
    const now = storedRun(run);
    switch (advanceFor(demand, now.status)) {
      case 'start anew':
        return startAgain(now, options);
      case 'settle':
        return (await engine.settle({ run, runner: await undoRunner() }))?.result;
      case 'conclude':
        return (await engine.conclude({ run, runner: await undoRunner() }, 'answered'))?.result;
      case 'rollBack':
        return rollBack(run);
      case 'resume':
        return resume(run, options);
    }
  }

  /** Asks something of a run, which this engine begins to advance if nobody does. */
  async function ask(id: string, demand: Demand, options: RequestOptions & ResumeRunOptions = {}): Promise<RunRecord> {
    const { comment, signal, ...resuming } = options;
    if (closing !== undefined) throw closed();
    const run = storedRun(id).id;
    const advance = async () => {
      await begun(() => answer(run, demand, resuming));
    };
    const request = { run, by: requester(process.env), demand, comment: comment ?? null, advance };
    const { outcome } = await engine.deliver(signal === undefined ? request : { ...request, signal });
    switch (outcome.type) {
      case 'handled':
        return recordOf((demand.kind === 'retry' ? storedRun(run).retriedAs : null) ?? run);
      case 'refused':
        throw errorOfRecord(outcome.error);
      case 'unanswered':
        throw signal?.reason;
    }
  }

  async function close(timeoutMs: number): Promise<void> {
    for (const run of advanced) run.interrupt();
    const late = new AbortController();
    // `advance` interrupts a run that begins meanwhile.
    const stopped = Promise.allSettled(beginning).then(() =>
      Promise.allSettled([...advanced].map(({ result }) => result)).then(() => engine.noticesSent(late.signal)),
    );
    await Promise.race([stopped, pause(systemClock, timeoutMs, late.signal)]);
    late.abort();
    history.close();
    await traces?.flush();
  }

  return {
    start: (source: WorkflowSource, input: JsonObject, options?: StartRunOptions) =>
      begun(() => start(source, input, options)),
    plan: (source: WorkflowSource, input: JsonObject, options?: PlanRunOptions) =>
      begun(() => plan(source, input, options)),
    apply: (id, options) => begun(() => apply(id, options)),
    plans: () => history.plans().map(planRecord),
    resume: (id, options) => begun(() => resume(id, options)),
    rollBack: (id, options) => begun(() => rollBack(id, options)),
    send: (id, event, options) => ask(id, { kind: 'send', event: parseSentEvent(event) }, options),
    pause: (id, options) => ask(id, { kind: 'pause' }, options),
    confirm: (id, { extendMs = null, ...options } = {}) =>
      ask(id, { kind: 'confirm', extendMs, stamp: confirmStamp() }, options),
    retry: (id, options) => ask(id, { kind: 'retry' }, options),
    settle: (id, change, { as, reason, ...options }) => ask(id, { kind: 'settle', change, as, reason }, options),
    cancel: (id, { keep = false, ...options } = {}) => ask(id, { kind: 'cancel', keep }, options),
    run: recordOf,
    resumable: () =>
      history
        .unfinishedRuns()
        .filter((run) => isResumable(run, isAlive))
        .map(summaryOf),
    resumeAll: () => begun(resumeAll),
    subscribe: (id, options) => subscribe(history, storedRun(id).id, systemClock, options),
    runs: ({ after, since, limit = LISTED, ...filter } = {}) =>
      listRuns(
        history,
        {
          ...filter,
          limit,
          where: [],
          ...(since === undefined ? {} : { since: since.getTime() }),
          ...(after === undefined ? {} : { before: storedRun(after).id }),
        },
        isAlive,
      ).runs.map(summaryOf),
    close({ timeoutMs = Number.POSITIVE_INFINITY } = {}) {
      closing ??= close(timeoutMs);
      return closing;
    },
  };
}

/** Marks a rejection as handled: a program may ignore the promise. */
function handled<Answer>(promise: Promise<Answer>): Promise<Answer> {
  promise.catch(() => {});
  return promise;
}

function closed(): WfError {
  return new WfError('E_USAGE', 'the engine is closed', { hint: 'Open another one with `openEngine`.' });
}

/** For rollbacks, which do not hibernate. */
const NEVER: Hibernation = {
  resume: ({ run }) =>
    Promise.reject(new WfError('E_INTERNAL', `rollback of ${run} hibernates`, { hint: 'Report this.' })),
  release: () => {},
  watch: () => () => {},
};

/** Checks and copies the event at once: the program may alter it while the run hibernates. */
async function sendChecked(kept: KeptAdvancing, event: MachineEvent): Promise<void> {
  await kept.send(parseSentEvent(event));
}

/** Whether runs of a workflow can hibernate: not with secret inputs, whose values only the advancing run has. */
function canHibernate({ secretInputs = [] }: LoadedFile['workflow']): boolean {
  return secretInputs.length === 0;
}

function runnersIn({ workflow }: LoadedFile): readonly (readonly [string, StepRunner])[] {
  return [...workflow.model.invocations.values()].map(({ runner }) => [runner.kind, runner]);
}

/** Checks an input, and redacts the error, which may contain values. */
function checkedInput(workflow: LoadedFile['workflow'], given: JsonObject): JsonObject {
  const { redactError } = redactInput(given, workflow.secretInputs ?? [], () => 0).secrets;
  try {
    return checkInput(workflow, given);
  } catch (thrown) {
    throw redactError(asWfError(thrown));
  }
}

function confirmRule({
  withinMs,
  applyWithinMs = APPLY_WITHIN_MS,
  newSession = false,
  probe = null,
  guard = true,
}: Omit<ConfirmOptions, 'probe'> & { readonly probe?: string | null }): ConfirmRule {
  return { withinMs, applyWithinMs, newSession, probe, guard };
}

function stageOf(stage: string | null | undefined, { name, model }: LoadedFile['workflow']): string | null {
  if (stage === undefined || stage === null || model.stages.includes(stage)) return stage ?? null;
  throw new WfError('E_USAGE', `pauseAfter "${stage}": workflow ${name} has no such stage`, {
    hint: `Its stages: ${model.stages.join(', ')}.`,
  });
}

function runIdOf(text: string): RunId {
  const id = parseRunId(text);
  if (id !== undefined) return id;
  throw new WfError('E_USAGE', `"${text}" cannot be the id of a run`, {
    hint: RUN_ID_RULE,
  });
}
