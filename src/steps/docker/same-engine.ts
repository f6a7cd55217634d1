import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';
import type { HostContext } from '../../engine/step.ts';

/** The engine that an object was made on; null in journals of wf 0.1, which did not note it. */
export const engineIdSchema = z.string().nullable().default(null);

/**
 * What one engine does not have may stand on another: a look at the wrong one (another DOCKER_HOST) must not come to "gone".
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export async function requireSameEngine(recorded: string | null, { host }: HostContext): Promise<void> {
  if (recorded === null) return;
  const found = await host.docker.engineId();
  // What had ended with its engine is looked for in vain on this one: it is gone.
  if (found === recorded || host.docker.hasEnded(recorded)) return;
  const { endpoint } = await host.docker.info();
  throw new WfError(
    'E_HOST_STATE_UNKNOWN',
    `the run used the Docker engine ${recorded}; at ${endpoint} is another one, ${found}`,
    {
      hint: 'Set DOCKER_HOST, or the context of the docker client, as it was when the run was started.',
      details: { recorded, found },
    },
  );
}
