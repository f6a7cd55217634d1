import { WfError } from '../../engine/model/errors.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import { didYouMean } from '../../review/text/did-you-mean.ts';

/**
 * Returns the stage that `--pause-after` names; null if it was not given.
 * @throws WfError E_USAGE if the stage does not exist.
 */
export function stageToPauseAfter(stage: string | undefined, { name, model }: LoadedWorkflow): string | null {
  if (stage === undefined) return null;
  if (model.stages.includes(stage)) return stage;
  throw new WfError('E_USAGE', `--pause-after ${stage}: workflow ${name} has no stage of that name`, {
    hint: `${didYouMean(stage, model.stages)}Its stages: ${model.stages.join(', ')}.`,
  });
}
