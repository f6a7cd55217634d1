import { customAlphabet } from 'nanoid';
import { WfError } from '../engine/model/errors.ts';
import { parseRunId, type RunId } from '../engine/model/ids.ts';
import type { HistoryPort } from '../engine/ports/history.ts';
import type { Runtimes } from '../engine/ports/runtime.ts';
import type { EngineDependencies } from '../engine/run/engine.ts';
import { lockedClaims } from '../host/locks/claims.ts';
import { systemClock } from '../host/machine/clock.ts';
import { createOrphanedProcesses } from '../host/processes/orphaned-processes.ts';
import { isAlive, ownProcess } from '../host/processes/process.ts';
import { createCrashPoints } from '../host/workflow-code/crash-points.ts';

/** Returns ten of 31 characters without look-alikes: two of a million runs collide with a chance of one in 1,600; the second is refused. */
const newId = customAlphabet('23456789abcdefghjkmnpqrstuvwxyz', 10);

/**
 * Returns the dependencies of an engine on this machine.
 * @param history called when the history is first needed, so that a refusal before that leaves no database behind
 */
export function engineDependencies(runtimes: Runtimes, history: () => HistoryPort): EngineDependencies {
  return {
    runtimes,
    claims: lockedClaims,
    orphans: createOrphanedProcesses(systemClock),
    crashPoints: createCrashPoints(process.env),
    clock: systemClock,
    random: Math.random,
    newRunId: () => asRunId(newId()),
    owner: ownProcess(),
    isAlive,
    warn: (thrown: unknown) =>
      process.emitWarning(`an observer of a run failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
    get history() {
      return history();
    },
  };
}

function asRunId(text: string): RunId {
  const id = parseRunId(text);
  if (id === undefined) throw new WfError('E_INTERNAL', `"${text}" cannot be a run id`, { hint: 'Report this.' });
  return id;
}
