import type { LoadedWorkflow } from '../workflow/workflow.ts';
import type { EngineDependencies, RuntimeChoice } from './engine.ts';
import { firstUnmet } from './preflight.ts';

/** Docker where a usable engine is reachable and the rights suffice, else the embedded runtime. */
export async function chooseRuntime(
  { runtimes }: EngineDependencies,
  workflow: LoadedWorkflow,
): Promise<RuntimeChoice> {
  // What neither makes networks nor containers runs on the machine itself.
  if (!workflow.networking) return { runtime: 'docker', why: null };
  const unmet = firstUnmet(await runtimes.docker.checkMachine());
  if (unmet === undefined) return { runtime: 'docker', why: 'a Docker engine is here, and wf may alter its networks' };
  return { runtime: 'embedded', why: `no Docker that can be used: ${unmet.message}` };
}
