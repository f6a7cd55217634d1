import { definitionDifferences } from '../../definition/definition-diff.ts';
import { type RunChanges, runChanges } from '../../review/changes/run-changes.ts';
import { type ComparedRun, compareRuns, type RunComparison } from '../../review/compare/run-comparison.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { runRecord } from '../../review/record/run-record.ts';
import { runStatus } from '../../review/record/run-status.ts';
import type { UiContext } from '../server/ui-context.ts';
import { displayed } from './displayed.ts';
import { requireRun } from './runs/run-page-view.ts';
import { type RunRow, runRow } from './runs/run-row.ts';

/** Number of runs that the page offers for a comparison. */
const CHOICES = 50;

/** The runs with which a run can be compared. */
export interface ChoiceView {
  readonly run: string;
  readonly workflow: string;
  /** The newest other runs of its workflow. */
  readonly others: readonly RunRow[];
}

/** Returns what a run changed on the host. @throws WfError E_RUN_NOT_FOUND */
export async function runChangesView(context: UiContext, id: string): Promise<RunChanges> {
  const { history, run } = await requireRun(context, id);
  return history.atOneMoment(() => runChanges(readRunMaterial(history, run), runStatus(run, context.isAlive), history));
}

/** Returns how two runs differ. @throws WfError E_RUN_NOT_FOUND; E_USAGE if they cannot be compared */
export async function comparisonView(context: UiContext, id: string, otherId: string): Promise<RunComparison> {
  const { isAlive } = context;
  const { history, run } = await requireRun(context, id);
  const { run: other } = await requireRun(context, otherId);
  const compared = (one: typeof run): ComparedRun => {
    const material = readRunMaterial(history, one);
    return { material, record: runRecord(material, isAlive) };
  };
  return history.atOneMoment(() =>
    compareRuns(history, compared(run), compared(other), definitionDifferences, isAlive),
  );
}

/** @throws WfError E_RUN_NOT_FOUND */
export async function choiceView(context: UiContext, id: string): Promise<ChoiceView> {
  const { history, run } = await requireRun(context, id);
  const others = history.runs({ workflow: run.workflow, limit: CHOICES + 1 }).filter((one) => one.id !== run.id);
  return displayed({
    run: run.id,
    workflow: run.workflow,
    others: others.slice(0, CHOICES).map((one) => runRow(one, context.isAlive)),
  });
}
