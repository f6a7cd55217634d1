import type { RuntimeName } from '../../engine/ports/runtime.ts';
import type { LoadedWorkflow } from '../../engine/workflow/workflow.ts';

/**
 * Returns one line that names the programs that can outlive a killed wf unseen; undefined if none can. A private host ends with all its
 * processes, and step runners that run no arbitrary command start no program that leaves its session.
 */
export async function escapingProcesses({ model }: LoadedWorkflow, runtime: RuntimeName): Promise<string | undefined> {
  const runsAnyCommand = [...model.runners.values()].some((runner) => runner.runsAnyCommand);
  if (!runsAnyCommand || runtime !== 'docker') return undefined;
  const { canUseCgroups } = await import('../../host/processes/command-cgroups.ts');
  if (canUseCgroups()) return undefined;
  return 'no cgroup can be made here: if wf is killed, a program of a step that clears its environment (`env -i`, sudo) is not found';
}
