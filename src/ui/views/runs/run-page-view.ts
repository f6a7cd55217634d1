import { asWfError, WfError } from '../../../engine/model/errors.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import { parseRunId } from '../../../engine/model/ids.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import { runNotFound } from '../../../engine/run/run-refusal.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { svgPicture } from '../../../review/graph/draw/svg.ts';
import { drawnRun } from '../../../review/graph/drawn-run.ts';
import type { IsAlive } from '../../../review/record/run-status.ts';
import type { UiContext } from '../../server/ui-context.ts';
import { type StepView, stepView } from '../step-view.ts';
import { type TopologyView, topologyView } from '../topology-view.ts';
import { type RunView, runView } from './run-view.ts';

/** The page of a run, with the step that its address names. */
export interface RunPageView {
  readonly view: RunView;
  /** Null if the address names no step. */
  readonly step: StepView | null;
  readonly graph: GraphView;
  /** The observations of its steps; null until they are known. */
  readonly topology: TopologyView | null;
  /** Ids of the newest other runs of the workflow. */
  readonly others: readonly string[];
}

/** The picture of the machine. */
export type GraphView =
  /** Its size in pixels. */
  | { readonly type: 'drawn'; readonly width: number; readonly height: number }
  | { readonly type: 'missing'; readonly reason: string };

const MOST_OTHERS = 20;

/** @throws WfError E_RUN_NOT_FOUND, E_STEP_NOT_FOUND */
export async function runPageView(context: UiContext, id: string, step: string | null): Promise<RunPageView> {
  const { isAlive, clock, reports } = context;
  const { history, run } = await requireRun(context, id);
  return history.atOneMoment(() => {
    const explanations = reports.known(history, run, 'en');
    return {
      view: runView(history, run, context, clock.now()),
      step: step === null ? null : stepView(history, run, step, isAlive),
      graph: graphView(history, run, isAlive),
      topology: explanations === undefined ? null : topologyView(explanations),
      others: history
        .runs({ workflow: run.workflow, limit: MOST_OTHERS + 1 })
        .map((other) => other.id)
        .filter((other) => other !== run.id),
    };
  });
}

function graphView(history: HistoryReader, run: StoredRun, isAlive: IsAlive): GraphView {
  try {
    const { graph, marks } = drawnRun(history, run, isAlive);
    const { width, height } = svgPicture(graph, marks);
    return { type: 'drawn', width, height };
  } catch (thrown) {
    const { code, message } = asWfError(thrown);
    return { type: 'missing', reason: `${code}: ${message}` };
  }
}

/** @throws WfError E_RUN_NOT_FOUND */
export async function requireRun(
  context: UiContext,
  text: string,
): Promise<{ readonly history: HistoryReader; readonly run: StoredRun }> {
  const id: RunId | undefined = parseRunId(text);
  const history = await context.history();
  const run = id === undefined ? undefined : history?.run(id);
  if (history !== undefined && run !== undefined) return { history, run };
  if (id !== undefined) throw runNotFound(id);
  throw new WfError('E_RUN_NOT_FOUND', `"${text}" is not a run id`, { hint: 'Open a run from the list.' });
}
