import { z } from 'zod';
import { WfError } from '../../../engine/model/errors.ts';
import type { HostPorts } from '../../../engine/workflow/step.ts';

/** The engine that an object was made on; null in journals of wf 0.1, which did not note it. */
export const engineIdSchema = z.string().nullable().default(null);

/**
 * An object that one engine does not have may be on another one: wf does not take it for gone on the wrong one (another DOCKER_HOST).
 * @throws WfError E_WRONG_PLACE
 */
export async function requireSameEngine(
  recorded: string | null,
  { host }: { readonly host: Pick<HostPorts, 'docker'> },
): Promise<void> {
  if (recorded === null) return;
  const found = await host.docker.engineId();
  // An engine that has ended took its objects along.
  if (found === recorded || host.docker.hasEnded(recorded)) return;
  const { endpoint } = await host.docker.info();
  throw new WfError(
    'E_WRONG_PLACE',
    `the run used the Docker engine ${recorded}; the one at ${endpoint} is another engine, ${found}`,
    {
      hint: 'Set DOCKER_HOST, or the context of the docker client, as it was when the run was started.',
      details: { recorded, found },
    },
  );
}

/** The same, but for an engine that does not answer: undoing reports for each change that it cannot tell. */
export async function requireMadeOnEngine(
  { engine }: { readonly engine: string | null },
  host: HostPorts,
): Promise<void> {
  try {
    await requireSameEngine(engine, { host });
  } catch (thrown) {
    if (!(thrown instanceof WfError) || thrown.code === 'E_WRONG_PLACE') throw thrown;
  }
}
