import type { LoadedWorkflow } from '../workflow/workflow.ts';
import type { EngineDependencies, RuntimeChoice } from './engine.ts';
import { firstUnmet } from './preflight.ts';

/** Chooses Docker if an engine is reachable, the permissions suffice and the workflow has no named hosts, else the embedded runtime. */
export async function chooseRuntime(
  { runtimes }: EngineDependencies,
  workflow: LoadedWorkflow,
): Promise<RuntimeChoice> {
  if (workflow.hosts !== undefined) return { runtime: 'embedded', why: 'the workflow has named hosts' };
  // A workflow without networks and containers runs on the machine itself.
  if (!workflow.networking) return { runtime: 'docker', why: null };
  const unmet = firstUnmet(await runtimes.docker.checkMachine());
  if (unmet === undefined)
    return { runtime: 'docker', why: 'a Docker engine is reachable, and wf may alter its networks' };
  return { runtime: 'embedded', why: `Docker cannot be used: ${unmet.message}` };
}
