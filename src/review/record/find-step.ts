import { WfError } from '../../engine/model/errors.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { didYouMean } from '../text/did-you-mean.ts';

/** Finds a step of a run by its id. @throws WfError E_STEP_NOT_FOUND with the nearest id in its hint. */
export function findStep<Step extends { readonly id: string }>(steps: readonly Step[], id: string, run: RunId): Step {
  const found = steps.find((step) => step.id === id);
  if (found !== undefined) return found;
  const ids = steps.map((step) => step.id);
  throw notFound(`no step "${id}"`, id, ids, run);
}

/** Finds the step with this id, otherwise the steps of the stage with this name. @throws WfError E_STEP_NOT_FOUND */
export function findSteps<Step extends { readonly id: string; readonly stage: string }>(
  steps: readonly Step[],
  name: string,
  run: RunId,
): readonly Step[] {
  const named = steps.filter((step) => step.id === name);
  const found = named.length > 0 ? named : steps.filter((step) => step.stage === name);
  if (found.length > 0) return found;
  const names = steps.flatMap((step) => [step.id, step.stage]);
  throw notFound(`neither a step nor a stage "${name}"`, name, names, run);
}

function notFound(what: string, name: string, names: readonly string[], run: RunId): WfError {
  return new WfError('E_STEP_NOT_FOUND', `run ${run} has ${what}`, {
    hint: `${didYouMean(name, names)}List its steps with \`wf show ${run}\`.`,
  });
}
