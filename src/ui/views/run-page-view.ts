import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { parseRunId } from '../../engine/model/ids.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import { runNotFound } from '../../engine/run/run-refusal.ts';
import type { HistoryReader } from '../../history/reader.ts';
import type { UiContext } from '../server/ui-context.ts';
import { type RunView, runView } from './run-view.ts';

/** The page of a run, with the step that its address names. */
export interface RunPageView {
  readonly view: RunView;
  /** Null if the address names no step. */
  readonly step: string | null;
}

export async function runPageView(context: UiContext, id: string, step: string | null): Promise<RunPageView> {
  const { history, run } = await requireRun(context, id);
  const view = history.atOneMoment(() => runView(history, run, context, context.clock.now()));
  return { view, step };
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
