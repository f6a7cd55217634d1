import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { HostPorts } from '../../../engine/workflow/step.ts';

/** Id of the engine that the object was created on. */
export const engineIdSchema = z.string();

/**
 * Refuses an engine other than the recorded one (another DOCKER_HOST): an object that it lacks is not gone.
 * @throws WfError E_WRONG_PLACE
 */
export async function requireSameEngine(
  recorded: string,
  { host }: { readonly host: Pick<HostPorts, 'docker'> },
): Promise<void> {
  const found = await host.docker.engineId();
  // When an engine ends, its objects end with it.
  if (found === recorded || host.docker.hasEnded(recorded)) return;
  const { endpoint } = await host.docker.info();
  throw new WfError(
    'E_WRONG_PLACE',
    `the run used the Docker engine ${recorded}; the one at ${endpoint} is another engine, ${found}`,
    {
      hint: 'Set DOCKER_HOST, or the context of the docker client, to the value it had when the run started.',
      details: { recorded, found },
    },
  );
}

/** Like requireSameEngine, but accepts an engine that does not answer: the undo of each change then reports that its state is unknown. */
export async function requireMadeOnEngine({ engine }: { readonly engine: string }, host: HostPorts): Promise<void> {
  try {
    await requireSameEngine(engine, { host });
  } catch (thrown) {
    if (!(thrown instanceof WfError) || thrown.code === 'E_WRONG_PLACE') throw thrown;
  }
}
