import { WfError } from '../../../engine/model/errors.ts';
import type { PublishedPort } from '../../../engine/ports/docker.ts';
import type { HostPorts } from '../../../engine/workflow/step.ts';
import { isListening } from '../../../host/ip/listening.ts';
import { ownNetworkNamespace } from '../../../host/namespaces/namespace.ts';
import { publishedText } from '../container/options.ts';
import { shortId } from '../names.ts';
import { checkLocalBridges } from './local-bridges.ts';
import { runOf } from './ownership.ts';

type HostPort = Pick<PublishedPort, 'protocol' | 'hostAddress'> & { readonly hostPort: number };

/** Returns the error for the first of these ports that a container has published; undefined if there is none. */
export async function portOfContainer(
  ports: readonly PublishedPort[],
  { docker }: Pick<HostPorts, 'docker'>,
): Promise<WfError | undefined> {
  if (ports.every(({ hostPort }) => hostPort === null)) return undefined;
  for (const container of await docker.listContainers()) {
    for (const taken of container.published ?? []) {
      const wanted = ports.find((port) => overlaps(port, taken));
      if (wanted === undefined) continue;
      const { id, name } = container;
      const run = runOf(container);
      const owner = run === undefined ? '' : `, created by run ${run}`;
      const removal = run === undefined ? `\`docker rm --force ${name}\`` : `\`wf rollback ${run}\``;
      return inUse(publishedText(wanted), `container ${name} (${shortId(id)}${owner}) publishes it`, removal);
    }
  }
  return undefined;
}

/** Like portOfContainer, and also for a port that a program of this machine listens on, if the engine is on this machine. */
export async function portInUse(port: HostPort, host: HostPorts): Promise<WfError | undefined> {
  const ofContainer = await portOfContainer([{ ...port, containerPort: port.hostPort }], host);
  if (ofContainer !== undefined) return ofContainer;
  // The kernel's tables show only wf's own network namespace.
  if (host.namespace.own().inode !== ownNetworkNamespace().inode) return undefined;
  if (!isListening(port.protocol, port.hostAddress, port.hostPort) || !(await checkLocalBridges(host)).met)
    return undefined;
  const { protocol, hostAddress, hostPort } = port;
  const find = `\`ss --listening --numeric --processes --${protocol} 'sport = :${hostPort}'\``;
  return inUse(`${hostAddress} port ${hostPort}/${protocol}`, 'a program of this machine listens on it', find);
}

function inUse(port: string, owner: string, find: string): WfError {
  return new WfError('E_ADDRESS_IN_USE', `${port} cannot be published: ${owner}`, {
    hint: `Choose another port or address; or, if it is not needed, free it: ${find}.`,
  });
}

function overlaps(wanted: PublishedPort, taken: PublishedPort): boolean {
  if (wanted.hostPort !== taken.hostPort || wanted.protocol !== taken.protocol) return false;
  const [one, other] = [wanted.hostAddress, taken.hostAddress];
  return one === other || isWildcard(one) || isWildcard(other);
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '';
}
