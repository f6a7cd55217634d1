import { bridgeNameOf } from '../../docker/bridge-name.ts';
import { WfError } from '../../engine/model/errors.ts';
import { runOfLinkAlias } from '../../engine/model/identity/mark.ts';
import type { RunId } from '../../engine/model/ids.ts';
import { pause } from '../../engine/ports/clock.ts';
import type { ContainerInfo, NetworkInfo } from '../../engine/ports/docker.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { findLink, type Link, readLinks } from '../../host/ip/link.ts';
import { asCommand } from './client-output.ts';
import { isOurs, withoutMark } from './engine/ownership.ts';
import { shortId } from './names.ts';

// A bridge disappears within milliseconds, an endpoint that the engine still has to release within about a second.
const GONE_WITHIN_MS = 5_000;
const PORTS_GONE_WITHIN_MS = 1_000;
const POLL_MS = 50;

/**
 * Removes a network of this run by its id; `typed` is the name that a person would type.
 * @throws WfError E_FOREIGN, E_RESIDUE, E_DOCKER
 */
export async function removeOwnNetwork(
  network: NetworkInfo,
  context: HostContext,
  typed: string = network.name,
): Promise<void> {
  const { docker, clock } = context.host;
  const { id } = network;
  if (!isOurs(network, context.run)) throw withoutMark('network', network, context.run);
  const attached = await attachedContainers(network, context);
  refuseStrangers(network, attached, context);
  // The engine itself refuses to remove a network with a running container of the run. The ports then belong to that container.
  if (!attached.some(({ running }) => running)) await refuseForeignLinks(network, context);
  const deadline = clock.now() + GONE_WITHIN_MS;
  await asCommand(
    context,
    ['docker', 'network', 'rm', typed],
    async () => {
      for (;;) {
        try {
          return await docker.removeNetwork(id);
        } catch (thrown) {
          if (!hasActiveEndpoints(thrown)) throw thrown;
          const now = await docker.network(id);
          if (now === null) return;
          const attached = await attachedContainers(now, context);
          refuseStrangers(now, attached, context);
          // Only an endpoint without a container can still disappear.
          const isFinal = attached.length > 0 || clock.now() >= deadline || context.signal.aborted;
          if (isFinal) throw stillAttached(now, context, thrown);
          await pause(clock, POLL_MS, context.signal);
        }
      }
    },
    () => typed,
    () => id,
  );
}

/** Waits until the network and its bridge are gone: the engine may report success and leave the bridge (libnetwork #738). */
export async function networkGone(id: string, name: string, bridge: string, context: HostContext): Promise<void> {
  const { docker, command, clock } = context.host;
  const deadline = clock.now() + GONE_WITHIN_MS;
  for (;;) {
    const [network, link] = await Promise.all([docker.network(id), findLink(command, bridge)]);
    if (network === null && link === null) return;
    if (clock.now() >= deadline || context.signal.aborted) {
      const rest = network === null ? `its bridge ${bridge} is still there` : 'the engine still has it';
      throw new WfError('E_RESIDUE', `network ${name} (${shortId(id)}) was removed, but ${rest}`, {
        hint:
          network === null
            ? `Remove it with \`ip link delete ${bridge}\`.`
            : `Try \`docker network rm ${shortId(id)}\`.`,
        details: { id, name, bridge },
      });
    }
    await pause(clock, POLL_MS, context.signal);
  }
}

function hasActiveEndpoints(thrown: unknown): boolean {
  return (
    thrown instanceof WfError &&
    thrown.code === 'E_DOCKER' &&
    // A manager learns within a second that a container of a worker is gone.
    /has active endpoints|is in use by task/i.test(thrown.message)
  );
}

/**
 * Returns the containers that have an endpoint in the network, running or not: a stopped one could not start without the network.
 * A member whose container is gone (moby #49901) does not count.
 */
async function attachedContainers(network: NetworkInfo, { host }: HostContext): Promise<readonly ContainerInfo[]> {
  const containers = await host.docker.containers();
  return containers.filter(({ endpoints }) =>
    endpoints.some((endpoint) =>
      endpoint.networkId === '' ? endpoint.network === network.name : endpoint.networkId === network.id,
    ),
  );
}

/**
 * Refuses to remove a network whose bridge carries foreign links: removing the bridge would detach its ports and remove the links
 * stacked on it. Ports of removed containers disappear shortly after them.
 * @throws WfError E_FOREIGN
 */
async function refuseForeignLinks(network: NetworkInfo, { host, run, signal }: HostContext): Promise<void> {
  const bridgeName = bridgeNameOf(network);
  const deadline = host.clock.now() + PORTS_GONE_WITHIN_MS;
  for (;;) {
    const links = await readLinks(host.command);
    const bridge = links.find(({ name }) => name === bridgeName);
    const foreign = links.find((link) => isOn(link, bridge) && runOfLinkAlias(link.alias) !== run);
    if (foreign === undefined) return;
    if (host.clock.now() >= deadline || signal.aborted) throw foreignLink(foreign, network, run);
    await pause(host.clock, POLL_MS, signal);
  }
}

function isOn({ master, kind, peerIfindex, peerNamespaceId }: Link, bridge: Link | undefined): boolean {
  if (bridge === undefined) return false;
  if (master !== null) return master === bridge.name;
  return kind !== 'veth' && peerNamespaceId === null && peerIfindex === bridge.ifindex;
}

function foreignLink(link: Link, network: NetworkInfo, run: RunId): WfError {
  const { name, master } = link;
  const bridge = bridgeNameOf(network);
  const where = master === null ? 'is stacked on' : 'is a port of';
  const detach = master === null ? `ip link delete dev ${name}` : `ip link set dev ${name} nomaster`;
  return new WfError(
    'E_FOREIGN',
    `link ${name}, which run ${run} did not create, ${where} ${bridge}, the bridge of network ${network.name}`,
    {
      hint: `Detach it with \`${detach}\`, then \`wf rollback ${run}\`.`,
      details: { network: network.id, link: name },
    },
  );
}

function refuseStrangers(network: NetworkInfo, attached: readonly ContainerInfo[], { run }: HostContext): void {
  const stranger = attached.find((container) => !isOurs(container, run));
  if (stranger === undefined) return;
  throw new WfError(
    'E_FOREIGN',
    `container ${stranger.name} (${shortId(stranger.id)}), which run ${run} did not create, is attached to network ${network.name}`,
    {
      hint: `Detach it with \`docker network disconnect ${network.name} ${stranger.name}\`, or remove it, then \`wf rollback ${run}\`.`,
      details: { network: network.id, container: stranger.id },
    },
  );
}

// Remaining cause: a container of this run whose undo failed, or an endpoint that the engine failed to remove.
function stillAttached(network: NetworkInfo, context: HostContext, cause: unknown): WfError {
  const task = cause instanceof WfError ? /in use by task (\w+)/.exec(cause.message)?.[1] : undefined;
  if (task !== undefined) return usedElsewhere(network, task, context);
  const names = network.members.map((member) => member.name);
  const first = names[0] ?? 'CONTAINER';
  return new WfError(
    'E_RESIDUE',
    `network ${network.name} (${shortId(network.id)}) cannot be removed: the engine reports active endpoints` +
      (names.length === 0 ? ' without names' : ` (${names.join(', ')})`),
    {
      hint: `Detach them with \`docker network disconnect --force ${network.name} ${first}\`, then \`wf rollback ${context.run}\`. If none is left, restart the Docker engine first.`,
      details: { id: network.id, endpoints: names },
      cause,
    },
  );
}

/** Only the engine of another node knows the owner of the container. */
function usedElsewhere({ id, name }: NetworkInfo, task: string, { run }: HostContext): WfError {
  return new WfError(
    'E_RESIDUE',
    `network ${name} (${shortId(id)}) cannot be removed: a container on another node uses it (task ${task})`,
    {
      hint: `Find it there with \`docker ps --filter network=${name}\`, detach or remove it, then \`wf rollback ${run}\`.`,
      details: { id, task },
    },
  );
}
