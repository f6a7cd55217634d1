import type { StoredRun } from '../ports/history.ts';
import type { EngineDependencies } from '../run/engine.ts';
import type { StepRunner } from '../workflow/step.ts';

/**
 * Refuses to resume or undo a run elsewhere than where it was started. Touches nothing.
 * @param runners step runners of the steps to carry out or undo
 * @throws WfError E_WRONG_PLACE
 */
export function requirePlace(
  { runtimes }: EngineDependencies,
  { id, place, runtime }: StoredRun,
  runners: Iterable<StepRunner>,
): void {
  const all = [...runners];
  if (place === undefined || all.length === 0) return;
  runtimes[runtime].requirePlace(id, place, { folderAndUser: all.some(({ runsAnyCommand }) => runsAnyCommand) });
}
