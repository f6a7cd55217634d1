import path from 'node:path';
import type { HistoryPort } from '../../engine/ports/history.ts';
import type { Runtimes } from '../../engine/ports/runtime.ts';
import type { EngineDependencies } from '../../engine/run/engine.ts';
import { createGuards } from '../../host/guard/create-guards.ts';
import { lockedClaims } from '../../host/locks/claims.ts';
import { systemClock } from '../../host/machine/clock.ts';
import { createOrphanedProcesses } from '../../host/processes/orphaned-processes.ts';
import { isAlive, ownProcess } from '../../host/processes/process.ts';
import { createCrashPoints } from '../../host/workflow-code/crash-points.ts';
import { guardUnit } from '../../steps/systemd/guard-unit.ts';
import type { Traces } from '../../telemetry/open-traces.ts';
import { newRunId } from '../new-run-id.ts';
import { programFiles, wfProgram } from '../program-files.ts';
import { machineNotifier } from './machine-notifier.ts';

/**
 * Returns the dependencies of an engine on this machine.
 * @param workflowFiles returns the folders and files in which the command `wf` finds workflows by name
 * @param traces of the runs that the engine advances; undefined if they are not asked for
 * @param history called when the history is first needed, so that a refusal before that leaves no database behind
 */
export function engineDependencies(
  runtimes: Runtimes,
  database: string,
  traces: Traces | undefined,
  history: () => HistoryPort,
  workflowFiles: () => readonly string[] = () => [],
): EngineDependencies {
  return {
    runtimes,
    guards: createGuards({
      program: wfProgram(),
      executed: () => [...programFiles(), ...workflowFiles()],
      database: path.resolve(database),
      runner: guardUnit.runner,
    }),
    notifier: machineNotifier(database, history),
    claims: lockedClaims,
    orphans: createOrphanedProcesses(systemClock),
    crashPoints: createCrashPoints(process.env),
    clock: systemClock,
    random: Math.random,
    newRunId,
    owner: ownProcess(),
    isAlive,
    warn: (thrown: unknown) =>
      process.emitWarning(`an observer of a run failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`),
    get history() {
      return history();
    },
    followRun(followed) {
      const run = traces === undefined ? undefined : history().run(followed.run);
      return run && traces?.followRun(followed, run);
    },
  };
}
