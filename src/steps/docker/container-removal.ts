import { WfError } from '../../engine/model/errors.ts';
import type { ContainerInfo } from '../../engine/ports/docker.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { isOurs } from './engine/ownership.ts';
import { shortId } from './names.ts';

/**
 * A container that shares the network namespace of another one loses its network with that, or can no longer be started.
 * @throws WfError E_FOREIGN if one that the run did not make shares this container's.
 */
export async function refuseForeignJoined({ id, name }: ContainerInfo, { host, run }: HostContext): Promise<void> {
  const containers = await host.docker.containers();
  const stranger = containers.find((container) => container.joins === id && !isOurs(container, run));
  if (stranger === undefined) return;
  throw new WfError(
    'E_FOREIGN',
    `container ${stranger.name} (${shortId(stranger.id)}), which run ${run} did not make, shares the network of container ${name}`,
    {
      hint: `Remove it with \`docker rm --force ${stranger.name}\` if nobody needs it, then \`wf rollback ${run}\`.`,
      details: { container: stranger.id },
    },
  );
}
