import { WfError } from '../../engine/model/errors.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';
import { didYouMean } from '../output/did-you-mean.ts';

/** The stage that `--pause-after` names; null where it was not given. @throws WfError E_USAGE where there is no such stage. */
export function stageToPauseAfter(stage: string | undefined, { name, model }: LoadedWorkflow): string | null {
  if (stage === undefined) return null;
  if (model.stages.includes(stage)) return stage;
  throw new WfError('E_USAGE', `--pause-after ${stage}: workflow ${name} has no such stage`, {
    hint: `${didYouMean(stage, model.stages)}Its stages: ${model.stages.join(', ')}.`,
  });
}
