import { WfError } from '../model/errors.ts';
import type { RunOptions } from '../model/journal-event.ts';
import type { LoadedWorkflow } from '../workflow/workflow.ts';

/** The default time for applying a change that has to be confirmed, in milliseconds. */
export const APPLY_WITHIN_MS = 10 * 60_000;

/**
 * Refuses options under which a run would have to be confirmed, but could not be confirmed or undone.
 * @throws WfError E_USAGE
 */
export function requireConfirmable(
  { name, keepsChanges, model, secretInputs = [] }: LoadedWorkflow,
  { onFailure, confirm, secrets = {} }: RunOptions,
): void {
  if (confirm === undefined) return;
  const { probe, guard } = confirm;
  if (!keepsChanges) {
    throw usage(
      `workflow ${name} leaves no changes on the host: there is nothing to confirm`,
      'Start it without a time to confirm.',
    );
  }
  if (onFailure === 'keep') {
    throw usage('a run that has to be confirmed cannot keep its changes after a failure', 'Specify one of the two.');
  }
  const unread = secretInputs.filter((input) => !secrets[input]?.startsWith('file:'));
  if (guard && unread.length > 0) {
    throw usage(
      `the guard of the run cannot read the secret inputs ${unread.join(', ')}`,
      'Give each in a file: `--input NAME=@file:PATH`.',
    );
  }
  const probes = [...model.invocations].flatMap(([id, { runner, each }]) =>
    runner.behaviour.type === 'read' && each === undefined ? [id] : [],
  );
  if (probe === null || probes.includes(probe)) return;
  throw usage(
    `workflow ${name} has no probe ${probe}`,
    probes.length === 0 ? 'None of its steps only reads.' : `Steps that only read: ${probes.join(', ')}.`,
  );
}

function usage(message: string, hint: string): WfError {
  return new WfError('E_USAGE', message, { hint });
}
