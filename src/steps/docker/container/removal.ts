import { WfError } from '../../../engine/model/errors.ts';
import type { ContainerInfo } from '../../../engine/ports/docker.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { isOurs } from '../engine/ownership.ts';
import { shortId } from '../names.ts';

/**
 * Refuses to remove a container whose network namespace a foreign container shares: that container would lose its network.
 * @throws WfError E_FOREIGN if a container that the run did not create shares this container's namespace.
 */
export async function refuseForeignJoined({ id, name }: ContainerInfo, { host, run }: HostContext): Promise<void> {
  const containers = await host.docker.containers();
  const stranger = containers.find((container) => container.joins === id && !isOurs(container, run));
  if (stranger === undefined) return;
  throw new WfError(
    'E_FOREIGN',
    `container ${stranger.name} (${shortId(stranger.id)}), which run ${run} did not create, shares the network of container ${name}`,
    {
      hint: `Remove it with \`docker rm --force ${stranger.name}\` if it is not needed, then \`wf rollback ${run}\`.`,
      details: { container: stranger.id },
    },
  );
}
