import { WfError } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { type Neighbour, readNeighbours } from '../../../host/ip/neighbour.ts';
import { namespaceOf, type Place, runAt, tryAt } from '../place.ts';

/** Time limit for an answer from the segment, in milliseconds: over a local bridge it takes well below one. */
export const ANSWER_MS = 20;
const POLL_MS = 10;

/**
 * Returns the holder of an address in a Docker network, and a description of the searched members.
 * @throws WfError E_STEP_FAILED if the network does not exist.
 */
export async function holderInNetwork(
  context: HostContext,
  networkId: string,
  address: string,
): Promise<{ readonly holder: string | null; readonly searched: string }> {
  const network = await context.host.docker.network(networkId);
  if (network === null) {
    throw new WfError('E_STEP_FAILED', `Docker network ${networkId} does not exist`, {
      hint: 'List the networks with `docker network ls`.',
    });
  }
  const searched = `the ${network.members.length} members of the Docker network ${network.name}`;
  const member = network.members.find(({ ipv4 }) => ipv4?.split('/')[0] === address);
  if (member !== undefined) return { holder: `the container ${member.name} in the network ${network.name}`, searched };
  const isGateway = network.subnets.some(({ gateway }) => gateway === address);
  return { holder: isGateway ? `the gateway of the network ${network.name}` : null, searched };
}

/**
 * Makes the kernel ask for an address (ARP, or neighbour discovery for IPv6) and returns who answered. Changes only the neighbour
 * cache, which the kernel refills itself.
 */
export async function askSegment(
  context: HostContext,
  place: Place,
  link: string,
  address: string,
): Promise<Neighbour | undefined> {
  const { clock, command } = context.host;
  const lookUp = async (): Promise<Neighbour | undefined> =>
    (await readNeighbours(command, link, namespaceOf(place, context.host))).find((entry) => entry.address === address);
  const remembered = await lookUp();
  if (remembered?.states.includes('PERMANENT')) return remembered;
  // An old cache entry may belong to a machine that is gone.
  if (remembered !== undefined) await tryAt(context, place, ['ip', 'neighbour', 'delete', address, 'dev', link]);
  await runAt(context, place, ['ip', 'neighbour', 'replace', address, 'dev', link, 'use']);
  const until = clock.now() + ANSWER_MS;
  let entry = await lookUp();
  while (entry?.mac == null && clock.now() < until && !context.signal.aborted) {
    await pause(clock, POLL_MS, context.signal);
    entry = await lookUp();
  }
  await tryAt(context, place, ['ip', 'neighbour', 'show', address, 'dev', link, 'nud', 'all']);
  await tryAt(context, place, ['ip', 'neighbour', 'delete', address, 'dev', link]);
  context.signal.throwIfAborted();
  return entry?.mac == null ? undefined : entry;
}

/** Returns E_ADDRESS_IN_USE with the holder of the address. */
export function addressInUse(address: string, holder: string): WfError {
  return new WfError('E_ADDRESS_IN_USE', `the address ${address} is in use: ${holder} has it`, {
    hint: 'Choose another address in the input.',
  });
}
