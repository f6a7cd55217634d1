import type { Decision } from '../machine/decide.ts';
import type { MachineModel } from '../machine/machine-model.ts';
import { type ErrorRecord, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { StoredRun } from '../ports/history.ts';

/** How each error begins that says so. */
export const privateHostIsGone = (run: string): string => `the private host of run ${run} is gone`;

/** Where the host of the run has ended, a step may fail by what it met first: a container that is gone, an engine that is silent. */
export function lostHostError(run: RunId, error: ErrorRecord): ErrorRecord {
  const gone = privateHostIsGone(run);
  if (error.message.startsWith(gone)) return error;
  const hint = 'Somebody, or the machine, has ended it: start the run again.';
  return { code: 'E_NAMESPACE_GONE', message: `${gone}: ${error.message}`, hint };
}

/** Why a run cannot go on whose changes have vanished with the host that it had for itself. */
export function hostLost({ id, workflow, options }: StoredRun): WfError {
  const again = `start it again with \`wf start ${workflow}\``;
  return new WfError('E_NAMESPACE_GONE', `${privateHostIsGone(id)}, with what the run needs to go on`, {
    hint:
      options.onFailure === 'keep'
        ? `\`wf rollback ${id}\` settles what the run did; then ${again}.`
        : `Somebody, or the machine, has ended it: ${again}.`,
  });
}

/**
 * Whether a machine that stands here needs what its steps have made: completed steps never run again. One that is taking it away does
 * not: that is told by its stage, which undoes and makes nothing. What else a stage does makes no difference.
 */
export function needsItsChanges({ invocations }: MachineModel, { status, stages }: Decision): boolean {
  if (status.type !== 'active') return false;
  const behaviours = [...invocations.values()]
    .filter(({ stage }) => stages.includes(stage))
    .map(({ runner }) => runner.behaviour.type);
  return !behaviours.includes('undo') || behaviours.includes('change');
}
