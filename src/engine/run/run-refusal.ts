import { WfError } from '../model/errors.ts';
import type { Owner } from '../model/identity/owner.ts';
import type { RunId } from '../model/ids.ts';

/** Returns the error for a run that a living process advances: it is never displaced. @param here the PID namespace of wf */
export function leaseHeld(
  run: RunId,
  { pid, pidNamespace }: Pick<Owner, 'pid' | 'pidNamespace'>,
  here: string | undefined,
): WfError {
  if (pidNamespace !== undefined && pidNamespace !== here) {
    return new WfError(
      'E_LEASE_HELD',
      `run ${run} is being advanced by process ${pid} of the PID namespace ${pidNamespace}, or was: from its own, wf cannot check whether that process is alive`,
      {
        hint: 'Run the command in that namespace or container, or as root on the machine itself, outside of all containers.',
        details: { run, pid, pidNamespace },
      },
    );
  }
  return new WfError('E_LEASE_HELD', `run ${run} is being advanced by process ${pid}`, {
    hint: `Wait for it with \`wf wait ${run}\`, pause it with \`wf pause ${run}\`, or undo it while it runs with \`wf cancel ${run}\`.`,
    details: { run, pid },
  });
}

export function runNotFound(run: RunId): WfError {
  return new WfError('E_RUN_NOT_FOUND', `there is no run ${run}`, { hint: 'List the runs with `wf runs`.' });
}

export function runExists(run: RunId): WfError {
  return new WfError('E_RUN_EXISTS', `run ${run} exists already`, {
    hint: `Choose another --id, or inspect the run with \`wf show ${run}\`.`,
  });
}

/** Returns the error for a run that was rolled back before it started. */
export function runTombstoned(run: RunId, reason: string): WfError {
  return new WfError('E_TOMBSTONE', `run ${run} must never start here: ${reason}`, {
    hint: 'Start the workflow under another id.',
  });
}

/** Returns the error for an imported run: it took place on another machine, and cannot be resumed or undone here. */
export function runImported(run: RunId, importedFrom: string): WfError {
  return new WfError('E_RUN_IMPORTED', `run ${run} was imported from ${importedFrom}: it is read-only here`, {
    hint: `Inspect it with \`wf show ${run}\`, \`wf logs ${run}\` or \`wf report ${run}\`; resume it or undo its changes on ${importedFrom}.`,
    details: { run, importedFrom },
  });
}

/** Returns the error for a run that was to be the only one of its workflow. */
export function workflowRunning(workflow: string, run: RunId): WfError {
  return new WfError('E_WORKFLOW_RUNNING', `run ${run} of workflow ${workflow} has not ended`, {
    hint: `Wait for it with \`wf wait ${run}\`, or start the other run without --if-running.`,
    details: { run },
  });
}

/** Returns the error of a resume of an unconfirmed run, which would give it another deadline. */
export function runUnconfirmed(id: RunId): WfError {
  return new WfError('E_RUN_ENDED', `run ${id} is unconfirmed: there is nothing to resume`, {
    hint: `Keep its changes with \`wf confirm ${id}\`, or take them back with \`wf rollback ${id}\`.`,
  });
}
