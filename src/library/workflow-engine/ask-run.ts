import { errorOfRecord } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import type { Demand } from '../../engine/model/request.ts';
import { advanceFor } from '../../engine/requests/answers.ts';
import type { Engine } from '../../engine/run/engine.ts';
import { requester } from '../../host/machine/requester.ts';
import type { AdvancedRuns } from './advanced-runs.ts';
import type { RunBeginnings } from './run-beginnings.ts';
import type { RequestOptions, ResumeRunOptions } from './workflow-engine.ts';

interface Asking {
  readonly engine: Engine;
  readonly runs: AdvancedRuns;
  readonly beginnings: RunBeginnings;
}

/**
 * Asks something of a run, which this engine begins to advance if nobody does. Returns the id of the run, or of the one that a retry has
 * started instead.
 * @throws WfError with which the run refuses; the reason of `signal` once it is aborted
 */
export async function askRun(
  asking: Asking,
  id: string,
  demand: Demand,
  { comment, signal, ...options }: RequestOptions & ResumeRunOptions,
): Promise<RunId> {
  const { engine, runs, beginnings } = asking;
  runs.requireOpen();
  const run = beginnings.storedRun(id).id;
  const advance = async () => {
    await runs.begin(() => answer(asking, run, demand, options));
  };
  const request = { run, by: requester(process.env), demand, comment: comment ?? null, advance };
  const { outcome } = await engine.deliver(signal === undefined ? request : { ...request, signal });
  switch (outcome.type) {
    case 'handled':
      return (demand.kind === 'retry' ? beginnings.storedRun(run).retriedAs : null) ?? run;
    case 'refused':
      throw errorOfRecord(outcome.error);
    case 'unanswered':
      throw signal?.reason;
  }
}

/** Begins to advance a run that nobody advances, so that it answers. */
async function answer(
  { engine, beginnings }: Asking,
  run: RunId,
  demand: Demand,
  options: ResumeRunOptions,
): Promise<unknown> {
  const now = beginnings.storedRun(run);
  switch (advanceFor(demand, now.status)) {
    case 'start anew':
      return beginnings.startAgain(now, options);
    case 'settle':
      return (await engine.settle({ run, runner: await beginnings.undoRunner() }))?.result;
    case 'conclude':
      return (await engine.conclude({ run, runner: await beginnings.undoRunner() }, 'answered'))?.result;
    case 'rollBack':
      return beginnings.rollBack(run);
    case 'resume':
      return beginnings.resume(run, options);
  }
}
