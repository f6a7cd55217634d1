import type { Decision } from '../machine/decide.ts';
import type { MachineModel } from '../machine/machine-model.ts';
import { type ErrorRecord, WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { StoredRun } from '../ports/history.ts';

/** The beginning of each error about a lost private host. */
export const privateHostIsGone = (run: string): string => `the private host of run ${run} is gone`;

/** Names the lost host in the error of a step that failed because of it: a container is gone, an engine does not answer. */
export function lostHostError(run: RunId, error: ErrorRecord): ErrorRecord {
  const gone = privateHostIsGone(run);
  if (error.message.startsWith(gone)) return error;
  const hint = 'Start the run again: its private host was ended from outside, or by a restart of the machine.';
  return { code: 'E_NAMESPACE_GONE', message: `${gone}: ${error.message}`, hint };
}

/** Returns the error for a run that cannot continue because its changes have vanished with its private host. */
export function hostLost({ id, workflow, options }: StoredRun): WfError {
  const command = `\`wf start ${workflow}\``;
  return new WfError('E_NAMESPACE_GONE', `${privateHostIsGone(id)}, with the changes that the run needs to continue`, {
    hint:
      options.onFailure === 'keep'
        ? `Settle its changes with \`wf rollback ${id}\`, then start it again with ${command}.`
        : `Start it again with ${command}: its private host was ended from outside, or by a restart of the machine.`,
  });
}

/**
 * Whether a machine still needs the changes of its completed steps, which never run again. A machine in a stage that undoes changes and
 * makes none does not need them.
 */
export function needsItsChanges({ invocations }: MachineModel, { status, stages }: Decision): boolean {
  if (status.type !== 'active') return false;
  const behaviours = [...invocations.values()]
    .filter(({ stage }) => stages.includes(stage))
    .map(({ runner }) => runner.behaviour.type);
  return !behaviours.includes('undo') || behaviours.includes('change');
}
