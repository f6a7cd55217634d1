import type { RuntimeName } from '../../engine/ports/runtime.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';

/**
 * Returns a line about programs that can outlive a killed wf unnoticed; undefined if none can. A private host ends with all its
 * processes, and step runners without arbitrary commands start no program that leaves its session.
 */
export async function escapingProcesses({ model }: LoadedWorkflow, runtime: RuntimeName): Promise<string | undefined> {
  const runsAnyCommand = [...model.runners.values()].some((runner) => runner.runsAnyCommand);
  if (!runsAnyCommand || runtime !== 'docker') return undefined;
  const { canUseCgroups } = await import('../../host/processes/command-cgroups.ts');
  if (canUseCgroups()) return undefined;
  return 'cgroups are not available: if wf is killed, a program of a step that clears its environment (`env -i`, sudo) is not found';
}
