import { WfError } from './errors.ts';
import type { RunId } from './ids.ts';
import type { Owner } from './owner.ts';

/** A living process advances the run: it is never displaced. */
export function leaseHeld(run: RunId, { pid }: Pick<Owner, 'pid'>): WfError {
  return new WfError('E_LEASE_HELD', `run ${run} is being advanced by process ${pid}`, {
    hint: `Wait for it, or end it with Ctrl-C where it runs (kill -INT ${pid}). \`wf show ${run}\` tells how far it is.`,
    details: { run, pid },
  });
}

export function runNotFound(run: RunId): WfError {
  return new WfError('E_RUN_NOT_FOUND', `there is no run ${run}`, { hint: '`wf runs` lists the runs that there are.' });
}
