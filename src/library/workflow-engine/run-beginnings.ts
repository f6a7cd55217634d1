import type { LoadedFile } from '../../definition/load.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { parsePlanId } from '../../engine/model/ids.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import { planNotFound, planUsed } from '../../engine/plan/plan-differences.ts';
import { requestOfPlan } from '../../engine/plan/request-of-plan.ts';
import type { HistoryPort, StoredRun } from '../../engine/ports/history.ts';
import type { Engine, ResumeRequest, RunObserver, StartRequest } from '../../engine/run/engine.ts';
import { runNotFound } from '../../engine/run/run-refusal.ts';
import type { StepRunner } from '../../engine/workflow/step.ts';
import { isAlive } from '../../host/processes/process.ts';
import { isResumable } from '../../review/actions/allowed-actions.ts';
import { type PlanRecord, planRecord } from '../../review/record/plan-record.ts';
import { ownStepRunners } from '../dependencies/step-runners.ts';
import { newRunId } from '../new-run-id.ts';
import { requirePlannedDefinition } from '../planned-definition.ts';
import { retryRequest } from '../retry-request.ts';
import type { AdvancedRuns } from './advanced-runs.ts';
import type { Hibernation } from './keep-advancing.ts';
import type { KnownWorkflows } from './known-workflows.ts';
import { runIdOf, stageOf, startRequest } from './start-request.ts';
import type {
  AdvancedRun,
  ApplyPlanOptions,
  PlanRunOptions,
  ResumedRun,
  ResumeRunOptions,
  RollBackRunOptions,
  StartRunOptions,
  WorkflowSource,
} from './workflow-engine.ts';

/** Number of runs whose journals are read together: they work while the next ones are read. Few at first, so that steps begin early. */
const RESUMED_FIRST = 10;
const RESUMED_AT_A_TIME = 100;

/** Everything by which an engine in a program begins to advance runs. */
export class RunBeginnings {
  readonly #engine: Engine;
  readonly #history: HistoryPort;
  readonly #known: KnownWorkflows;
  readonly #runs: AdvancedRuns;

  constructor(engine: Engine, history: HistoryPort, known: KnownWorkflows, runs: AdvancedRuns) {
    this.#engine = engine;
    this.#history = history;
    this.#known = known;
    this.#runs = runs;
  }

  /** @throws WfError E_USAGE if the text is no id; E_RUN_NOT_FOUND */
  storedRun(text: string): StoredRun {
    const id = runIdOf(text);
    const run = this.#history.run(id);
    if (run === undefined) throw runNotFound(id);
    return run;
  }

  async start(source: WorkflowSource, input: JsonObject, options: StartRunOptions = {}): Promise<AdvancedRun> {
    const request = await startRequest(this.#engine, this.#known.find(source), input, options);
    return this.#start(request, options.observer);
  }

  async plan(source: WorkflowSource, input: JsonObject, options: PlanRunOptions = {}): Promise<PlanRecord> {
    const request = await startRequest(this.#engine, this.#known.find(source), input, options);
    const planned = await this.#engine.plan({ id: newRunId(), ...request });
    return planRecord(this.#engine.savePlan(planned));
  }

  async apply(text: string, { secrets = {}, observer }: ApplyPlanOptions = {}): Promise<AdvancedRun> {
    const id = parsePlanId(text);
    const stored = id === undefined ? undefined : this.#history.plan(id);
    if (stored === undefined) throw planNotFound(text);
    if (stored.usedBy !== null) throw planUsed(stored.id, stored.usedBy);
    const loaded = this.#known.find(stored.workflow);
    requirePlannedDefinition(stored, loaded, this.#history.definition(stored.definitionHash));
    return this.#start(requestOfPlan(stored, loaded, secrets), observer);
  }

  /** Starts a rolled-back run anew. */
  async startAgain(run: StoredRun, { secrets = {}, observer }: ResumeRunOptions): Promise<AdvancedRun> {
    const file = this.#known.find(run.workflow);
    const pauseAfter = stageOf(run.options.pauseAfter, file.workflow);
    const request = retryRequest(run, file, { values: secrets, sources: run.options.secrets ?? {} });
    return this.#start({ ...request, options: { ...request.options, pauseAfter } }, observer);
  }

  async resume(
    id: string,
    { acceptChanges = false, secrets = {}, observer, ...options }: ResumeRunOptions = {},
  ): Promise<AdvancedRun> {
    const run = this.storedRun(id);
    const { workflow, definition } = this.#known.find(run.workflow);
    const pauseAfter = stageOf(options.pauseAfter, workflow);
    const mayHibernate = canHibernate(workflow);
    const request = { run: run.id, workflow, definition, acceptChanges, pauseAfter, secrets, mayHibernate };
    // `seen` is out of date when the run is resumed after hibernation.
    const handle = await this.#engine.resume({ ...request, seen: run }, observer);
    return this.#runs.add(handle, this.#hibernation(request, observer));
  }

  /** Returns the runs that have not ended and that nobody advances, newest first. */
  resumable(): readonly StoredRun[] {
    return this.#history.unfinishedRuns().filter((run) => isResumable(run, isAlive));
  }

  async resumeAll(): Promise<readonly ResumedRun[]> {
    const runs = [...this.resumable()];
    const resumed: ResumedRun[] = [];
    while (runs.length > 0) {
      const next = runs.splice(0, resumed.length === 0 ? RESUMED_FIRST : RESUMED_AT_A_TIME);
      resumed.push(...(await Promise.all(next.map((run) => this.#resumeOne(run)))));
    }
    return resumed;
  }

  async rollBack(
    id: string,
    { removeKept = false, secrets = {}, observer }: RollBackRunOptions = {},
  ): Promise<AdvancedRun | null> {
    const request = { run: this.storedRun(id).id, runner: await this.undoRunner(), removeKept, secrets };
    const handle = await this.#engine.rollBack(request, observer);
    return handle === null ? null : this.#runs.add(handle, NEVER);
  }

  /** Returns a function that finds the step runners of the known workflows, and those of wf. */
  async undoRunner(): Promise<(kind: string) => StepRunner | undefined> {
    const runners = new Map([...this.#known.all().flatMap(runnersIn), ...(await ownStepRunners())]);
    return (kind) => runners.get(kind);
  }

  async #start(request: StartRequest, observer: RunObserver | undefined): Promise<AdvancedRun> {
    const { workflow, definition, options } = request;
    const mayHibernate = canHibernate(workflow);
    const handle = await this.#engine.start({ ...request, mayHibernate }, observer);
    const { pauseAfter } = options;
    const again = { run: handle.id, workflow, definition, acceptChanges: false, pauseAfter, mayHibernate };
    return this.#runs.add(handle, this.#hibernation(again, observer));
  }

  async #resumeOne({ id }: StoredRun): Promise<ResumedRun> {
    try {
      // The engine may have been closed while others were resumed.
      this.#runs.requireOpen();
      return { id, run: await this.resume(id) };
    } catch (thrown) {
      return { id, error: asWfError(thrown) };
    }
  }

  #hibernation(request: ResumeRequest, observer: RunObserver | undefined): Hibernation {
    const engine = this.#engine;
    return {
      resume: (hibernating) => engine.resume({ ...request, hibernating }, observer),
      release: engine.releaseLease,
      watch: engine.watchRequests,
    };
  }
}

/** For rollbacks, which do not hibernate. */
const NEVER: Hibernation = {
  resume: ({ run }) =>
    Promise.reject(new WfError('E_INTERNAL', `rollback of ${run} hibernates`, { hint: 'Report this.' })),
  release: () => {},
  watch: () => () => {},
};

/** Whether runs of a workflow can hibernate: not with secret inputs, whose values only the advancing run has. */
function canHibernate({ secretInputs = [] }: LoadedFile['workflow']): boolean {
  return secretInputs.length === 0;
}

function runnersIn({ workflow }: LoadedFile): readonly (readonly [string, StepRunner])[] {
  return [...workflow.model.invocations.values()].map(({ runner }) => [runner.kind, runner]);
}
