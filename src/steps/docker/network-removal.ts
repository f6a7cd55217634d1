import { WfError } from '../../engine/errors.ts';
import type { ContainerInfo, NetworkInfo } from '../../engine/ports/docker.ts';
import type { HostContext } from '../../engine/step.ts';
import { pause } from '../../host/clock.ts';
import { findLink } from '../../host/ip/link.ts';
import { asCommand } from './client-output.ts';
import { shortId } from './names.ts';
import { isOurs, withoutMark } from './ownership.ts';

// The bridge goes within milliseconds; an endpoint that the engine has not let go of yet, within about a second.
const GONE_WITHIN_MS = 5_000;
const POLL_MS = 50;

/**
 * Removes a network of this run by its id; `typed` is what a person would call it.
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
  refuseStrangers(network, await attachedContainers(network, context), context);
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
          // Only an endpoint without a container may still go by itself.
          const waitsForNothing = attached.length > 0 || clock.now() >= deadline || context.signal.aborted;
          if (waitsForNothing) throw stillAttached(now, context, thrown);
          await pause(clock, POLL_MS, context.signal);
        }
      }
    },
    () => typed,
    () => id,
  );
}

/** Waits until neither the network nor its bridge is there: the engine may say that it is done and leave the bridge (libnetwork #738). */
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
  return thrown instanceof WfError && thrown.code === 'E_DOCKER' && /has active endpoints/i.test(thrown.message);
}

/** The containers behind the network's members: a member whose container is gone (moby #49901) has none. */
async function attachedContainers(network: NetworkInfo, { host }: HostContext): Promise<readonly ContainerInfo[]> {
  const containers = await Promise.all(network.members.map(({ containerId }) => host.docker.container(containerId)));
  return containers.filter((container) => container !== null);
}

function refuseStrangers(network: NetworkInfo, attached: readonly ContainerInfo[], { run }: HostContext): void {
  const stranger = attached.find((container) => !isOurs(container, run));
  if (stranger === undefined) return;
  throw new WfError(
    'E_FOREIGN',
    `container ${stranger.name} (${shortId(stranger.id)}), which run ${run} did not make, is attached to network ${network.name}`,
    {
      hint: `Detach it with \`docker network disconnect ${network.name} ${stranger.name}\`, then \`wf rollback ${run}\`.`,
      details: { network: network.id, container: stranger.id },
    },
  );
}

// A container of this run whose own undo has not succeeded, or an endpoint that the engine has forgotten to remove.
function stillAttached(network: NetworkInfo, context: HostContext, cause: unknown): WfError {
  const names = network.members.map((member) => member.name);
  const first = names[0] ?? 'CONTAINER';
  return new WfError(
    'E_RESIDUE',
    `network ${network.name} (${shortId(network.id)}) cannot be removed: the engine says that it has active endpoints` +
      (names.length === 0 ? ', and names none' : ` (${names.join(', ')})`),
    {
      hint: `Detach them with \`docker network disconnect --force ${network.name} ${first}\`, then \`wf rollback ${context.run}\`; where none is left, restart the Docker engine first.`,
      details: { id: network.id, endpoints: names },
      cause,
    },
  );
}
