import { pendingTimers } from '../../engine/machine/pending-timers.ts';
import { needsUndo } from '../../engine/model/change.ts';
import { WfError } from '../../engine/model/errors.ts';
import { isEnd, type RunStatus, type StoredRun } from '../../engine/ports/history.ts';
import { leaseHeld, runImported } from '../../engine/run/run-refusal.ts';
import type { RunMaterial } from './run-material.ts';
import { type IsAlive, runStatus } from './run-status.ts';

/** What people may ask of a run that is there already. */
export type RunAction = 'resume' | 'rollback';

type Answer = 'allowed' | 'advanced' | 'ended';

/**
 * Which action is allowed in which status. `advanced`: a living process sees to the run; `ended`: there is nothing to go on
 * with. Rolling back is allowed at every end: where nothing stands, nothing is done.
 */
const ACTIONS: Readonly<Record<RunStatus, Readonly<Record<RunAction, Answer>>>> = {
  running: { resume: 'advanced', rollback: 'advanced' },
  'rolling-back': { resume: 'advanced', rollback: 'advanced' },
  // The lease says whether a process waits; without one nobody sees its timers go off.
  waiting: { resume: 'allowed', rollback: 'allowed' },
  paused: { resume: 'allowed', rollback: 'allowed' },
  interrupted: { resume: 'allowed', rollback: 'allowed' },
  succeeded: { resume: 'ended', rollback: 'allowed' },
  failed: { resume: 'ended', rollback: 'allowed' },
  'rolled-back': { resume: 'ended', rollback: 'allowed' },
  'needs-attention': { resume: 'ended', rollback: 'allowed' },
};

/**
 * Why an action is not allowed now: E_RUN_IMPORTED, E_LEASE_HELD, E_RUN_ENDED; undefined where it is.
 * @param pidNamespace the one that wf runs in; only the error depends on it
 */
export function refusalOf(
  action: RunAction,
  run: StoredRun,
  isAlive: IsAlive,
  pidNamespace?: string,
): WfError | undefined {
  // Whatever its status: it took place on another machine.
  if (run.importedFrom !== null) return runImported(run.id, run.importedFrom);
  const status = runStatus(run, isAlive);
  if (run.owner !== null && isAlive(run.owner)) return leaseHeld(run.id, run.owner, pidNamespace);
  return ACTIONS[status][action] === 'ended' ? ended(run) : undefined;
}

/** Why nobody can look around on the host of a run now: E_RUN_IMPORTED, E_RUN_ENDED; undefined where one can. */
export function shellRefusal(run: StoredRun, isAlive: IsAlive): WfError | undefined {
  if (run.importedFrom !== null) return runImported(run.id, run.importedFrom);
  return isEnd(runStatus(run, isAlive)) && run.changesInPlace === 0 ? nothingStands(run) : undefined;
}

/** Whether a run has not come to its end, and nobody advances it: it is interrupted or paused, or waits for an event or a timer. */
export function isResumable(run: StoredRun, isAlive: IsAlive): boolean {
  return refusalOf('resume', run, isAlive) === undefined;
}

/** The commands by which people go on with a run that stopped before its end, or undo what stands; the likeliest first. */
export function nextActions({ run, changes, journal }: RunMaterial, status: RunStatus): readonly string[] {
  if (run.importedFrom !== null) return [];
  // With its owner dead it would be interrupted.
  if (status === 'waiting' && run.owner !== null) return [];
  const { resume, rollback } = ACTIONS[status];
  const undo = rollback === 'allowed' ? [`wf rollback ${run.id}`] : [];
  // To go on with a rollback, rolling back needs less: no workflow file.
  if (run.status === 'rolling-back') return undo;
  // Resuming a run that waits for an event only does not bring the event.
  const resumes = resume === 'allowed' && (status !== 'waiting' || pendingTimers(journal).size > 0);
  if (resumes) return [`wf resume ${run.id}`, `wf changes ${run.id}`, ...undo];
  return changes.some(needsUndo) ? undo : [];
}

function nothingStands({ id, workflow, status }: StoredRun): WfError {
  return new WfError(
    'E_RUN_ENDED',
    `run ${id} has ended (${status}), and nothing of it stands: there is nowhere to go`,
    {
      hint: `Stop another one on its way: \`wf start ${workflow} --pause-after STAGE\`, then \`wf shell @latest\`.`,
    },
  );
}

function ended({ id, workflow, status, changesInPlace }: StoredRun): WfError {
  const anew = `\`wf show ${id}\` tells what came of it; \`wf start ${workflow}\` starts another run.`;
  const hint = changesInPlace === 0 ? anew : `\`wf rollback ${id}\` undoes what still stands of it. ${anew}`;
  return new WfError('E_RUN_ENDED', `run ${id} has ended (${status}): there is nothing to resume`, { hint });
}
