import type { Decision } from '../machine/decide/decide.ts';
import type { MachineModel } from '../machine/machine-model.ts';
import type { Change } from '../model/change.ts';
import { type ErrorRecord, WfError } from '../model/errors.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { RunId } from '../model/ids.ts';
import type { StoredRun } from '../ports/history.ts';
import type { RunHost } from '../ports/runtime.ts';

/** The beginning of each error about a lost private host. */
export const privateHostIsGone = (run: string): string => `the private host of run ${run} is gone`;

/** Names the lost host in the error of a step that failed because of it: a container is gone, an engine does not answer. */
export function lostHostError(run: RunId, error: ErrorRecord): ErrorRecord {
  const gone = privateHostIsGone(run);
  if (error.message.startsWith(gone)) return error;
  const hint = 'Start the run again: its private host was ended from outside, or by a restart of the machine.';
  return { code: 'E_NAMESPACE_GONE', message: `${gone}: ${error.message}`, hint };
}

/**
 * Whether a machine still needs changes that may have gone with their host: a private host that has ended, or the machine before its
 * restart.
 */
export function mayLackChanges(
  model: MachineModel,
  decision: Decision,
  host: RunHost,
  changes: readonly Change[],
  { bootId }: Owner,
): boolean {
  const isOther = host.isNew() || changes.some((change) => change.status === 'applied' && change.bootId !== bootId);
  return isOther && needsItsChanges(model, decision);
}

/** Returns the error for a run that cannot continue because changes have gone with its host. */
export function changesLost(run: StoredRun, host: RunHost): WfError {
  const { id, workflow, options } = run;
  const again = `with \`wf start ${workflow}\``;
  const settle = `Settle its changes with \`wf rollback ${id}\`, then start it again ${again}.`;
  const keeps = options.onFailure === 'keep';
  if (host.isNew()) {
    const why = 'its private host was ended from outside, or by a restart of the machine';
    const message = `${privateHostIsGone(id)}, with the changes that the run needs to continue`;
    return new WfError('E_NAMESPACE_GONE', message, { hint: keeps ? settle : `Start it again ${again}: ${why}.` });
  }
  const message = `a restart of the machine took changes that run ${id} needs to continue`;
  return new WfError('E_CHANGES_GONE', message, { hint: keeps ? settle : `Start it again ${again}.` });
}

/**
 * Whether a machine still needs the changes of its completed steps, which never run again. A machine in a stage that undoes changes and
 * makes none does not need them.
 */
function needsItsChanges({ invocations }: MachineModel, { status, stages }: Decision): boolean {
  if (status.type !== 'active') return false;
  const behaviours = [...invocations.values()]
    .filter(({ stage }) => stages.includes(stage))
    .map(({ runner }) => runner.behaviour.type);
  return !behaviours.includes('undo') || behaviours.includes('change');
}
