import { WfError } from '../../../engine/model/errors.ts';
import { RUN_LABEL } from '../../../engine/model/identity/mark.ts';
import type { ContainerEndpoint, ContainerInfo, EndpointSpec, NetworkInfo } from '../../../engine/ports/docker.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { contains, parseSubnet, type Subnet } from '../../../host/ip/subnet.ts';
import { shortId } from '../names.ts';

/**
 * Returns whether a connection of a running container has no endpoint. Docker 20.10 leaves such a connection if it refuses one, for
 * example because its address is taken. It cannot disconnect it, and cannot start the container with it again.
 */
export function isBroken({ endpointId }: ContainerEndpoint, { running }: ContainerInfo): boolean {
  return running && endpointId === null;
}

/** Returns the error for an address that another container has, or that is in no subnet of the network. */
export function addressObstacle(
  ipv4: string | null,
  container: ContainerInfo,
  network: NetworkInfo,
): WfError | undefined {
  if (ipv4 === null) return undefined;
  const owner = network.members.find(
    (member) => member.ipv4?.split('/')[0] === ipv4 && member.containerId !== container.id,
  );
  if (owner !== undefined) {
    return new WfError(
      'E_ADDRESS_IN_USE',
      `address ${ipv4} in network ${network.name} is that of container ${owner.name}`,
      {
        hint: 'Choose another address, or let the engine choose one.',
        details: { container: owner.containerId },
      },
    );
  }
  const range = parseSubnet(ipv4);
  if (range !== undefined && network.subnets.some(({ subnet }) => isWithin(subnet, range))) return undefined;
  const subnets = network.subnets.map(({ subnet }) => subnet).join(', ');
  return new WfError('E_STEP_INPUT', `address ${ipv4} is not in network ${network.name} (${subnets})`, {
    hint: 'Choose an address of the network, or let the engine choose one.',
  });
}

function isWithin(subnet: string, address: Subnet): boolean {
  const range = parseSubnet(subnet);
  return range !== undefined && contains(range, address);
}

/** Returns the error for a broken connection of somebody else. */
export function brokenConnection({ name }: ContainerInfo, network: NetworkInfo): WfError {
  return new WfError(
    'E_NAME_IN_USE',
    `container ${name} has a broken connection to network ${network.name}, which the run did not create`,
    {
      hint: `Connect it with \`docker network connect ${network.name} ${name}\`, then disconnect it, and resume the run.`,
    },
  );
}

/** Before the first start of a container, the engine knows its network only by name. */
export function endpointIn(
  { endpoints }: ContainerInfo,
  { id, name }: Pick<NetworkInfo, 'id' | 'name'>,
): ContainerEndpoint | undefined {
  return endpoints.find(({ networkId, network }) => (networkId === '' ? network === name : networkId === id));
}

/** Returns whether the connection carries the mark of the run: the engine stores the options of a connection. */
export function isOwn({ options }: ContainerEndpoint, { run }: HostContext): boolean {
  return options?.[RUN_LABEL] === run;
}

/** Returns the error for a connection with another address than requested, or without an alias; undefined if it is as requested. */
export function connectionMismatch(
  { fixedIpv4 = null, ipv4: address, aliases = [] }: ContainerEndpoint,
  container: ContainerInfo,
  network: NetworkInfo,
  { ipv4, aliases: wanted }: Pick<EndpointSpec, 'ipv4' | 'aliases'>,
): WfError | undefined {
  const named = `container ${container.name} (${shortId(container.id)}) is connected to network ${network.name}`;
  const hint = `Check it with \`docker inspect ${container.name}\`; disconnect it with \`docker network disconnect ${network.name} ${container.name}\` if it is not needed, or ask for no address and no aliases.`;
  const details = { container: container.id, network: network.id };
  if (ipv4 !== null && ipv4 !== (fixedIpv4 ?? address)) {
    const found = fixedIpv4 ?? address ?? 'no address';
    return new WfError('E_ADDRESS_IN_USE', `${named} already, with ${found} and not ${ipv4}`, { hint, details });
  }
  const missingAlias = wanted.find((alias) => !aliases.includes(alias));
  if (missingAlias === undefined) return undefined;
  return new WfError('E_NAME_IN_USE', `${named} already, without the alias ${missingAlias}`, { hint, details });
}
