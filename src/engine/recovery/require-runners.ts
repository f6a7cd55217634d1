import type { Change } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { StepRunner } from '../workflow/step.ts';

/** The step runners for a rollback. */
export interface RunnersToUndo {
  runner(kind: string): StepRunner | undefined;
  /** Returns why the runner of a kind cannot be loaded; undefined if that is unknown. */
  whyMissing?(kind: string): string | undefined;
}

/**
 * Refuses a rollback if the step runner of a change is missing or cannot read its record. Touches nothing.
 * @throws WfError E_RUNNER_MISSING naming each such change
 */
export function requireRunners(run: RunId, changes: readonly Change[], runners: RunnersToUndo, secrets: Secrets): void {
  const obstacles = changes.flatMap((change) => {
    const why = obstacleTo(change, runners, secrets);
    return why === undefined ? [] : [`change ${change.seq} (${change.target}): ${why}`];
  });
  if (obstacles.length === 0) return;
  throw new WfError('E_RUNNER_MISSING', `run ${run} cannot be undone: ${obstacles.join('; ')}`, {
    hint: `Nothing was touched. Restore the workflow file or the package with the step runners that made these changes, then repeat \`wf rollback ${run}\`; or undo them by hand with the commands that \`wf changes ${run}\` lists.`,
  });
}

function obstacleTo(change: Change, runners: RunnersToUndo, secrets: Secrets): string | undefined {
  const { kind, record } = change;
  const behaviour = runners.runner(kind)?.behaviour;
  if (behaviour === undefined) {
    const why = runners.whyMissing?.(kind);
    return `there is no step runner ${kind}${why === undefined ? '' : `: ${why}`}`;
  }
  if (behaviour.type !== 'change') return `the step runner ${kind} undoes nothing`;
  let revealed = record;
  try {
    revealed = secrets.reveal(record);
  } catch {
    return undefined; // its undo reports the missing value
  }
  try {
    // Reads the record, and touches nothing.
    behaviour.undoCommands(revealed);
    return undefined;
  } catch (thrown) {
    return `the step runner ${kind} cannot read what it recorded: ${asWfError(thrown).message}`;
  }
}
