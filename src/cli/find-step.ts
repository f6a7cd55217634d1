import { WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import { didYouMean } from './did-you-mean.ts';

/** The step of a run that a user means by its id. @throws WfError E_STEP_NOT_FOUND with the nearest id in its hint. */
export function findStep<Step extends { readonly id: string }>(steps: readonly Step[], id: string, run: RunId): Step {
  const found = steps.find((step) => step.id === id);
  if (found !== undefined) return found;
  const ids = steps.map((step) => step.id);
  throw new WfError('E_STEP_NOT_FOUND', `run ${run} has no step "${id}"`, {
    hint: `${didYouMean(id, ids)}\`wf show ${run}\` lists its steps.`,
  });
}
