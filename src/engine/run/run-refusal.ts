import { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { Owner } from '../model/owner.ts';

/** A living process advances the run: it is never displaced. @param here the PID namespace that wf runs in */
export function leaseHeld(
  run: RunId,
  { pid, pidNamespace }: Pick<Owner, 'pid' | 'pidNamespace'>,
  here: string | undefined,
): WfError {
  if (pidNamespace !== undefined && pidNamespace !== here) {
    return new WfError(
      'E_LEASE_HELD',
      `run ${run} is being advanced by process ${pid} of the PID namespace ${pidNamespace}, and wf, in another one, cannot tell that it has ended`,
      {
        hint: 'Run the same in that namespace or container; or as root on the machine itself, outside of all containers, where wf sees whether the process lives.',
        details: { run, pid, pidNamespace },
      },
    );
  }
  return new WfError('E_LEASE_HELD', `run ${run} is being advanced by process ${pid}`, {
    hint: `Wait for it, or end it with Ctrl-C where it runs (kill -INT ${pid}). \`wf show ${run}\` tells how far it is.`,
    details: { run, pid },
  });
}

export function runNotFound(run: RunId): WfError {
  return new WfError('E_RUN_NOT_FOUND', `there is no run ${run}`, { hint: '`wf runs` lists the runs that there are.' });
}

/** The run took place on another machine: nothing of it is on this host, and nobody goes on with it or undoes it here. */
export function runImported(run: RunId, importedFrom: string): WfError {
  return new WfError(
    'E_RUN_IMPORTED',
    `run ${run} was imported from ${importedFrom}: it is here to be looked at only`,
    {
      hint: `\`wf show ${run}\`, \`wf logs ${run}\` and \`wf report ${run}\` tell of it; what it changed stands on ${importedFrom}.`,
      details: { run, importedFrom },
    },
  );
}
