import { pendingTimers } from '../../engine/machine/pending-timers.ts';
import { needsUndo } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import { isEnd, type RunStatus, type StoredRun } from '../../engine/ports/history.ts';
import { leaseHeld, runImported, runUnconfirmed } from '../../engine/run/run-refusal.ts';
import type { RunMaterial } from '../record/run-material.ts';
import { type IsAlive, runStatus } from '../record/run-status.ts';

/** The actions on an existing run. */
export type RunAction = 'resume' | 'rollback';

type Answer = 'allowed' | 'advanced' | 'unconfirmed' | 'ended';

/**
 * The actions that each status allows. `advanced`: a living process advances the run; `unconfirmed`: it is confirmed or undone; `ended`:
 * there is nothing to resume. Every end allows a rollback, which does nothing if there is nothing to undo.
 */
const ACTIONS: Readonly<Record<RunStatus, Readonly<Record<RunAction, Answer>>>> = {
  running: { resume: 'advanced', rollback: 'advanced' },
  'rolling-back': { resume: 'advanced', rollback: 'advanced' },
  // Without an owner: then no process handles the timers of the run.
  waiting: { resume: 'allowed', rollback: 'allowed' },
  paused: { resume: 'allowed', rollback: 'allowed' },
  interrupted: { resume: 'allowed', rollback: 'allowed' },
  unconfirmed: { resume: 'unconfirmed', rollback: 'allowed' },
  succeeded: { resume: 'ended', rollback: 'allowed' },
  failed: { resume: 'ended', rollback: 'allowed' },
  'rolled-back': { resume: 'ended', rollback: 'allowed' },
  'needs-attention': { resume: 'ended', rollback: 'allowed' },
};

/**
 * Returns why an action is not allowed now: E_RUN_IMPORTED, E_LEASE_HELD, E_RUN_ENDED; undefined if it is.
 * @param pidNamespace that of wf, for the error
 */
export function refusalOf(
  action: RunAction,
  run: StoredRun,
  isAlive: IsAlive,
  pidNamespace?: string,
): WfError | undefined {
  // For any status: the run took place on another machine.
  if (run.importedFrom !== null) return runImported(run.id, run.importedFrom);
  const status = runStatus(run, isAlive);
  if (ACTIONS[status][action] === 'unconfirmed') return runUnconfirmed(run.id);
  if (run.owner !== null && isAlive(run.owner)) return leaseHeld(run.id, run.owner, pidNamespace);
  if (action === 'resume' && run.isRetryDue) return undefined;
  return ACTIONS[status][action] === 'ended' ? ended(run) : undefined;
}

/** Returns why `wf shell` cannot enter the host of a run now: E_RUN_IMPORTED, E_RUN_ENDED; undefined if it can. */
export function shellRefusal(run: StoredRun, isAlive: IsAlive): WfError | undefined {
  if (run.importedFrom !== null) return runImported(run.id, run.importedFrom);
  return isEnd(runStatus(run, isAlive)) && run.changesInPlace === 0 ? nothingInPlace(run) : undefined;
}

/**
 * Whether a run has not ended and nobody advances it: it is interrupted or paused, or waits for an event or a timer. A failed run of which
 * a retry is due counts too.
 */
export function isResumable(run: StoredRun, isAlive: IsAlive): boolean {
  return refusalOf('resume', run, isAlive) === undefined;
}

/** Whether a run may be retried: it failed, or was rolled back and not started anew. Its machine may have no step to continue from. */
export function isRetriable({ importedFrom, status, owner, retriedAs }: StoredRun, isAlive: IsAlive): boolean {
  if (importedFrom !== null || (owner !== null && isAlive(owner))) return false;
  return status === 'failed' || (status === 'rolled-back' && retriedAs === null);
}

/** Returns the commands that resume or retry a run, or undo its changes, the most likely first. */
export function nextActions({ run, changes, journal, steps }: RunMaterial, status: RunStatus): readonly string[] {
  if (run.importedFrom !== null) return [];
  // Its owner is alive: otherwise the run would be interrupted.
  if (status === 'waiting' && run.owner !== null) return [];
  if (status === 'unconfirmed') return [`wf confirm ${run.id}`, `wf rollback ${run.id}`];
  const { resume, rollback } = ACTIONS[status];
  const undo = rollback === 'allowed' ? [`wf rollback ${run.id}`] : [];
  // `wf rollback` continues a rollback without the workflow file, which `wf resume` needs.
  if (run.status === 'rolling-back') return undo;
  // A run that only waits for an event is still waiting after a resume.
  const resumes = resume === 'allowed' && (status !== 'waiting' || pendingTimers(journal).size > 0);
  if (resumes) return [`wf resume ${run.id}`, `wf changes ${run.id}`, ...undo];
  // A run that failed without a step to continue from is started again.
  const hasPoint = status === 'failed' && steps.some((step) => step.status === 'failed' || step.status === 'stopped');
  const retry = hasPoint ? [`wf retry ${run.id}`] : [];
  return changes.some(needsUndo) ? [...retry, ...undo] : retry;
}

function nothingInPlace({ id, workflow, status }: StoredRun): WfError {
  return new WfError(
    'E_RUN_ENDED',
    `run ${id} has ended (${status}), and has no changes in place: there is nothing to inspect`,
    {
      hint: `Pause another run: \`wf start ${workflow} --pause-after STAGE\`, then \`wf shell @latest\`.`,
    },
  );
}

function ended({ id, workflow, status, changesInPlace }: StoredRun): WfError {
  const retry = status === 'failed' || status === 'rolled-back' ? `Retry it with \`wf retry ${id}\`. ` : '';
  const others = `${retry}Check its result with \`wf show ${id}\`, or start another run with \`wf start ${workflow}\`.`;
  const hint = changesInPlace === 0 ? others : `Undo its changes with \`wf rollback ${id}\`. ${others}`;
  return new WfError('E_RUN_ENDED', `run ${id} has ended (${status}): there is nothing to resume`, { hint });
}
