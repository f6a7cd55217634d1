import type { Decision } from './decide.ts';
import { WfError } from './errors.ts';
import type { Invocation, MachineModel } from './machine-model.ts';
import type { StoredRun } from './ports/history.ts';

/** Why a run cannot go on whose changes have vanished with the host that it had for itself. */
export function hostLost({ id, workflow, options }: StoredRun): WfError {
  const again = `start it again with \`wf start ${workflow}\``;
  return new WfError('E_NAMESPACE_GONE', `the private host of run ${id} is gone, with what the run needs to go on`, {
    hint:
      options.onFailure === 'keep'
        ? `\`wf rollback ${id}\` settles what the run did; then ${again}.`
        : `Somebody, or the machine, has ended it: ${again}.`,
  });
}

/**
 * Whether a machine that stands here needs what its steps have made: completed steps never run again. One that is taking it away
 * does not. That is told by the steps that it waits for, and by its stage, as far as those tell: a machine goes on in doubt.
 */
export function needsItsChanges({ invocations }: MachineModel, { status, state, stages }: Decision): boolean {
  if (status.type !== 'active') return false;
  const awaited = [...state.active.keys()].flatMap((invoke) => invocations.get(invoke) ?? []);
  if (awaited.length > 0 && awaited.every(undoes)) return false;
  const ofStages = [...invocations.values()].filter(({ stage }) => stages.includes(stage));
  return !ofStages.some(undoes) || ofStages.some(({ runner }) => runner.behaviour.type === 'change');
}

function undoes({ runner }: Invocation): boolean {
  return runner.behaviour.type === 'undo';
}
