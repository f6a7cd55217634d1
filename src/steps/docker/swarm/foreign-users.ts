import { WfError } from '../../../engine/model/errors.ts';
import type { SwarmState } from '../../../engine/ports/swarm.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { isOurs } from '../engine/ownership.ts';
import { shortId } from '../names.ts';
import { isIngress, isSwarmNetwork } from './membership.ts';

/** Refuses to end a swarm that somebody else uses. @throws WfError E_FOREIGN */
export async function refuseForeignUsers({ node: own }: SwarmState, context: HostContext): Promise<void> {
  const { docker } = context.host;
  const [nodes, services, networks] = await Promise.all([
    docker.swarm.nodes(),
    docker.swarm.services(),
    docker.listNetworks(),
  ]);
  const node = nodes.find((candidate) => candidate.id !== own && !isOurs(candidate, context.run));
  if (node !== undefined) {
    const removal = `docker swarm leave\` on it and \`docker node rm --force ${node.id}`;
    throw foreignInSwarm(`node ${node.hostname} (${node.id}, ${node.address})`, context, removal);
  }
  const service = services.find((candidate) => !isOurs(candidate, context.run));
  if (service !== undefined)
    throw foreignInSwarm(`service ${service.name}`, context, `docker service rm ${service.name}`);
  const network = networks.find(
    (candidate) => isSwarmNetwork(candidate) && !isIngress(candidate) && !isOurs(candidate, context.run),
  );
  if (network !== undefined)
    throw foreignInSwarm(`network ${network.name}`, context, `docker network rm ${network.name}`);
  await refuseForeignContainers(context);
}

/** Refuses to remove the overlay networks of containers on this engine that the run did not create. @throws WfError E_FOREIGN */
export async function refuseForeignContainers(context: HostContext): Promise<void> {
  const { docker } = context.host;
  const swarmNetworks = (await docker.listNetworks()).filter(isSwarmNetwork).map(({ id }) => id);
  const stranger = (await docker.containers()).find(
    (container) =>
      !isOurs(container, context.run) && container.endpoints.some(({ networkId }) => swarmNetworks.includes(networkId)),
  );
  if (stranger === undefined) return;
  throw foreignInSwarm(
    `container ${stranger.name} (${shortId(stranger.id)})`,
    context,
    `docker rm --force ${stranger.name}`,
  );
}

function foreignInSwarm(what: string, { run }: HostContext, removal: string): WfError {
  return new WfError('E_FOREIGN', `${what}, which run ${run} did not create, uses the swarm`, {
    hint: `Remove it with \`${removal}\`, then \`wf rollback ${run}\`.`,
  });
}
