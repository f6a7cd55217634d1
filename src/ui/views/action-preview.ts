import * as z from 'zod';
import { unconfirmedIn } from '../../engine/confirm/unconfirmed-run.ts';
import { changesToUndo, isInPlace } from '../../engine/model/change.ts';
import { asWfError, type ErrorRecord } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { type ActionOnRun, actionRefusals } from '../../review/actions/action-refusals.ts';
import { readRunMaterial } from '../../review/record/run-material.ts';
import { type ChangeRecord, changeRecord, runRecord } from '../../review/record/run-record.ts';
import { type WaitingFor, waitingFor } from '../../review/record/waiting-for.ts';
import type { UiContext } from '../server/ui-context.ts';
import { requireRun } from './runs/run-page-view.ts';

/** The effect of an action on a run as it is now. */
export type ActionPreview =
  | (Preview<'pause'> & { readonly finishes: readonly string[] })
  | (Preview<'cancel'> & Undone & { readonly stops: readonly string[] })
  | (Preview<'rollback'> & Undone)
  | (Preview<'confirm'> & { readonly deadline: string | null; readonly keeps: readonly ChangeRecord[] })
  | (Preview<'send'> & { readonly waitingFor: WaitingFor | null })
  | (Preview<'settle'> & { readonly stuck: readonly ChangeRecord[] })
  | (Preview<'resume'> & { readonly plan: ResumePlan | null })
  | (Preview<'retry'> & { readonly plan: ResumePlan | null });

interface Preview<Action extends ActionOnRun> {
  readonly action: Action;
  readonly run: string;
  /** Why the command would refuse now; null if it would not. */
  readonly refusal: ErrorRecord | null;
}

/** Changes in the order in which they are undone, newest first, and those that stay by design. */
interface Undone {
  readonly undo: readonly ChangeRecord[];
  readonly kept: readonly ChangeRecord[];
}

/** The options of a plan of a resume or a retry. */
interface PlanOptions {
  readonly acceptChanges: boolean;
  /** Secret inputs, which wf does not store. */
  readonly input: Readonly<Record<string, string>>;
}

/** `anew`: another run is started in place of this one. */
export type ResumePlan = z.output<typeof resumePlanSchema>;

const resumePlanSchema = z.object({
  direction: z.enum(['forward', 'back', 'anew']),
  steps: z.array(
    z.object({
      step: z.string(),
      stage: z.string(),
      kind: z.string(),
      plan: z.enum(['kept', 'run', 'adopted', 'completed', 'undone', 'gone', 'refused']),
      why: z.string(),
    }),
  ),
});

export const PREVIEWED = [
  'send',
  'pause',
  'cancel',
  'confirm',
  'resume',
  'rollback',
  'retry',
  'settle',
] as const satisfies readonly ActionOnRun[];

/** Reads what an action would do. Changes nothing. @throws WfError E_RUN_NOT_FOUND */
export async function actionPreview(
  context: UiContext,
  id: string,
  action: ActionOnRun,
  options: PlanOptions,
): Promise<ActionPreview> {
  const { history, run: found } = await requireRun(context, id);
  const material = history.atOneMoment(() => readRunMaterial(history, history.run(found.id) ?? found));
  const { run } = material;
  const refusal = actionRefusals({ journal: () => material.journal, changes: () => material.changes }, run, context)[
    action
  ];
  const record = runRecord(material, context.isAlive);
  const { changes } = material;
  const preview = <Action extends ActionOnRun>(of: Action): Preview<Action> => ({ action: of, run: run.id, refusal });
  const active = record.steps
    .filter(({ status }) => status === 'running' || status === 'retrying')
    .map((step) => step.id);
  const undone = () => {
    const undo = changesToUndo(changes, unconfirmedIn(material.journal)?.kept ?? []);
    const kept = changes.filter((change) => change.status === 'kept' && !undo.includes(change));
    return { undo: undo.toReversed().map(changeRecord), kept: kept.map(changeRecord) };
  };
  switch (action) {
    case 'pause':
      return { ...preview(action), finishes: active };
    case 'cancel':
      return { ...preview(action), ...undone(), stops: active };
    case 'rollback':
      return { ...preview(action), ...undone() };
    case 'confirm':
      return {
        ...preview(action),
        deadline: record.waitingFor?.confirm?.deadline ?? null,
        keeps: changes.filter(isInPlace).map(changeRecord),
      };
    case 'send':
      return { ...preview(action), waitingFor: run.status === 'waiting' ? waitingFor(material) : null };
    case 'settle':
      return { ...preview(action), stuck: changes.filter(({ status }) => status === 'stuck').map(changeRecord) };
    case 'resume':
    case 'retry':
      return { ...preview(action), ...(await planOf(context, action, run.id, refusal, options)) };
  }
}

/** Runs the command with `--dry-run`, which executes the workflow file. */
async function planOf(
  { commands }: UiContext,
  action: 'resume' | 'retry',
  run: RunId,
  refusal: ErrorRecord | null,
  { acceptChanges, input }: PlanOptions,
): Promise<{ readonly refusal: ErrorRecord | null; readonly plan: ResumePlan | null }> {
  if (refusal !== null) return { refusal, plan: null };
  const options = ['--dry-run', '--input-file=/dev/stdin', ...(acceptChanges ? ['--accept-changes'] : [])];
  try {
    const { document } = await commands.read([action, ...options, '--', run], input);
    return { refusal, plan: resumePlanSchema.parse(document) };
  } catch (thrown) {
    return { refusal: asWfError(thrown).toRecord(), plan: null };
  }
}
