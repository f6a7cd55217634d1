import { parseSentEvent } from '../../engine/machine/sent-event.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import type { Demand } from '../../engine/model/request.ts';
import { pause } from '../../engine/ports/clock.ts';
import type { HistoryPort, StoredRun } from '../../engine/ports/history.ts';
import { createEngine } from '../../engine/run/create-engine.ts';
import type { Engine } from '../../engine/run/engine.ts';
import { openHistory } from '../../history/open.ts';
import { confirmStamp } from '../../host/guard/confirm-stamp.ts';
import { systemClock } from '../../host/machine/clock.ts';
import { isAlive } from '../../host/processes/process.ts';
import { listRuns } from '../../review/query/list-runs.ts';
import { planRecord } from '../../review/record/plan-record.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { type RunRecord, runRecord, runSummary } from '../../review/record/run-record.ts';
import { machinePorts } from '../../runtime/machine-ports.ts';
import { createRuntimes } from '../../runtime/runtimes.ts';
import type { Traces } from '../../telemetry/open-traces.ts';
import { engineDependencies } from '../dependencies/engine-dependencies.ts';
import { processTraces } from '../dependencies/process-traces.ts';
import { AdvancedRuns } from './advanced-runs.ts';
import { askRun } from './ask-run.ts';
import { type KnownWorkflows, loadKnown } from './known-workflows.ts';
import { RunBeginnings } from './run-beginnings.ts';
import { subscribe } from './subscribe.ts';
import type {
  OpenEngineOptions,
  PlanRunOptions,
  RequestOptions,
  ResumeRunOptions,
  StartRunOptions,
  WorkflowEngine,
  WorkflowSource,
} from './workflow-engine.ts';

/** The default limit of a list of runs. */
const LISTED = 20;

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
  const recordOf = (id: string): RunRecord => runRecord(readRunMaterial(history, beginnings.storedRun(id)), isAlive);
  const summaryOf = (run: StoredRun) => runSummary(run, isAlive, () => readRunMaterial(history, run));
  const runs = new AdvancedRuns(recordOf);
  const beginnings = new RunBeginnings(engine, history, known, runs);

  const ask = async (id: string, demand: Demand, options: RequestOptions & ResumeRunOptions = {}) =>
    recordOf(await askRun({ engine, runs, beginnings }, id, demand, options));

  let closing: Promise<void> | undefined;

  async function close(timeoutMs: number): Promise<void> {
    const late = new AbortController();
    const stopped = runs.stop().then(() => engine.noticesSent(late.signal));
    await Promise.race([stopped, pause(systemClock, timeoutMs, late.signal)]);
    late.abort();
    history.close();
    await traces?.flush();
  }

  return {
    start: (source: WorkflowSource, input: JsonObject, options?: StartRunOptions) =>
      runs.begin(() => beginnings.start(source, input, options)),
    plan: (source: WorkflowSource, input: JsonObject, options?: PlanRunOptions) =>
      runs.begin(() => beginnings.plan(source, input, options)),
    apply: (id, options) => runs.begin(() => beginnings.apply(id, options)),
    plans: () => history.plans().map(planRecord),
    resume: (id, options) => runs.begin(() => beginnings.resume(id, options)),
    rollBack: (id, options) => runs.begin(() => beginnings.rollBack(id, options)),
    send: (id, event, options) => ask(id, { kind: 'send', event: parseSentEvent(event) }, options),
    pause: (id, options) => ask(id, { kind: 'pause' }, options),
    confirm: (id, { extendMs = null, ...options } = {}) =>
      ask(id, { kind: 'confirm', extendMs, stamp: confirmStamp() }, options),
    retry: (id, options) => ask(id, { kind: 'retry' }, options),
    settle: (id, change, { as, reason, ...options }) => ask(id, { kind: 'settle', change, as, reason }, options),
    cancel: (id, { keep = false, ...options } = {}) => ask(id, { kind: 'cancel', keep }, options),
    run: recordOf,
    resumable: () => beginnings.resumable().map(summaryOf),
    resumeAll: () => runs.begin(() => beginnings.resumeAll()),
    subscribe: (id, options) => subscribe(history, beginnings.storedRun(id).id, systemClock, options),
    runs: ({ after, since, limit = LISTED, ...filter } = {}) =>
      listRuns(
        history,
        {
          ...filter,
          limit,
          where: [],
          ...(since === undefined ? {} : { since: since.getTime() }),
          ...(after === undefined ? {} : { before: beginnings.storedRun(after).id }),
        },
        isAlive,
      ).runs.map(summaryOf),
    close({ timeoutMs = Number.POSITIVE_INFINITY } = {}) {
      closing ??= close(timeoutMs);
      return closing;
    },
  };
}
