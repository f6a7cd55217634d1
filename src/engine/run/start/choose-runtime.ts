import type { JsonObject } from '../../model/json.ts';
import { hostsOf } from '../../place/declared-hosts.ts';
import type { LoadedWorkflow } from '../../workflow/workflow.ts';
import type { EngineDependencies, RuntimeChoice } from '../engine.ts';
import { firstUnmet } from '../preflight.ts';

/**
 * Chooses the runtime of the named hosts for this input: Docker if they have engines, else the embedded one. Without named hosts, chooses
 * Docker if an engine is reachable and the permissions suffice, else the embedded runtime.
 */
export async function chooseRuntime(
  { runtimes }: EngineDependencies,
  workflow: LoadedWorkflow,
  input: JsonObject,
): Promise<RuntimeChoice> {
  const hosts = Object.values(hostsOf(workflow, input));
  if (hosts.some(({ engine }) => engine !== undefined))
    return { runtime: 'docker', why: 'the hosts of the run have Docker engines' };
  if (hosts.length > 0) return { runtime: 'embedded', why: 'the workflow has named hosts' };
  // A workflow without networks and containers runs on the machine itself.
  if (!workflow.networking) return { runtime: 'docker', why: null };
  const unmet = firstUnmet(await runtimes.docker.checkMachine({}));
  if (unmet === undefined)
    return { runtime: 'docker', why: 'a Docker engine is reachable, and wf may alter its networks' };
  return { runtime: 'embedded', why: `Docker cannot be used: ${unmet.message}` };
}
