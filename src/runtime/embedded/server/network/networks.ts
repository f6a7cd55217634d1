import { randomBytes } from 'node:crypto';
import { bridgeOf } from '../../../../docker/bridge-name.ts';
import { WfError } from '../../../../engine/model/errors.ts';
import { linkAliasOf, RUN_LABEL } from '../../../../engine/model/identity/mark.ts';
import { parseRunId } from '../../../../engine/model/ids.ts';
import type { NetworkInfo, NetworkMember, NetworkSpec } from '../../../../engine/ports/docker.ts';
import { overlap, type Subnet, subnetText } from '../../../../host/ip/subnet.ts';
import { ipBatch } from '../../shared/ip-batch.ts';
import { recordCommands } from '../executed-commands.ts';
import { broadcastOf, freeAddress, freeSubnet, gatewayOf, usableSubnet } from './addresses.ts';
import { isLink, removeLink } from './remove-link.ts';

/** Preference of the rules that isolate networks: after the table of the host's own addresses, before all others. */
const ISOLATION_PREFERENCE = 1000;

/** A network of the private host. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly subnet: Subnet;
  readonly labels: Readonly<Record<string, string>>;
  /** While `creating` and `ending`, its name and subnet are taken, but no container can join it. */
  state: 'creating' | 'ready' | 'ending';
  /** Addresses of running and starting containers, by container id. */
  readonly addresses: Map<string, string>;
}

/** The networks of the private host. Refusals precede the first `await`: of two callers that want a name, one gets it. */
export class Networks {
  readonly #networks = new Map<string, Network>();

  all(): readonly Network[] {
    return [...this.#networks.values()].filter(({ state }) => state !== 'creating');
  }

  byId(id: string): Network | undefined {
    const network = this.#networks.get(id);
    return network?.state === 'creating' ? undefined : network;
  }

  byName(name: string): Network | undefined {
    return this.all().find((network) => network.name === name);
  }

  async create({ name, subnet: asked, labels }: NetworkSpec): Promise<string> {
    const taken = [...this.#networks.values()];
    const namesake = taken.find((other) => other.name === name);
    if (namesake !== undefined) throw nameInUse(namesake);
    const subnet = asked === null ? requireFree(taken) : requireUsable(asked, taken);
    const network: Network = {
      id: randomBytes(32).toString('hex'),
      name,
      subnet,
      labels,
      state: 'creating',
      addresses: new Map(),
    };
    this.#networks.set(network.id, network);
    try {
      await ipBatch(bridgeCommands(network), `create network ${name}`);
    } catch (thrown) {
      await removeBridge(network);
      this.#networks.delete(network.id);
      throw thrown;
    }
    recordCommands(network.id, bridgeCommands(network));
    network.state = 'ready';
    return network.id;
  }

  async remove(id: string): Promise<void> {
    const network = this.#networks.get(id);
    if (network === undefined) return;
    if (network.addresses.size > 0) {
      throw new WfError('E_DOCKER', `cannot remove network ${network.name}: network ${id} has active endpoints`, {
        hint: 'Remove the containers that are in it first.',
        details: { containers: [...network.addresses.keys()] },
      });
    }
    network.state = 'ending';
    await removeBridge(network);
    if (isLink(bridgeOf(id))) {
      network.state = 'ready';
      throw new WfError('E_DOCKER', `cannot remove network ${network.name}: its bridge ${bridgeOf(id)} stays`, {
        hint: 'Try again; if that does not help, end the private host (`wf rollback RUN`, then `wf sweep`).',
        transient: true,
      });
    }
    recordCommands(id, [`link delete dev ${bridgeOf(id)}`, endOfIsolation(id)]);
    this.#networks.delete(id);
  }
}

/** Reserves an address for a container. @throws WfError E_DOCKER if none is free, or the network is being removed */
export function joinNetwork(network: Network, containerId: string): string {
  const address = network.state === 'ready' ? freeAddress(network.subnet, new Set(network.addresses.values())) : null;
  if (address === null || address === undefined) {
    const why = address === null ? 'is being removed' : 'has no free address left';
    throw new WfError('E_DOCKER', `network ${network.name} ${why}`, {
      hint: 'Choose another network, or remove a container from this one.',
    });
  }
  network.addresses.set(containerId, address);
  return address;
}

/** Returns the network in the form of `docker network inspect`. */
export function networkInfo(network: Network, members: readonly NetworkMember[]): NetworkInfo {
  const { id, name, subnet, labels } = network;
  return {
    id,
    name,
    driver: 'bridge',
    scope: 'local',
    internal: false,
    subnets: [{ subnet: subnetText(subnet), gateway: gatewayOf(subnet) }],
    labels,
    options: {},
    members,
  };
}

/** Returns the alias that marks a link of the run with these labels. */
export function aliasFor(labels: Readonly<Record<string, string>>): string | undefined {
  const run = parseRunId(labels[RUN_LABEL] ?? '');
  return run === undefined ? undefined : linkAliasOf(run);
}

/** Returns a locally administered address, as Docker does: without it, the address would change with the ports. */
export function bridgeMac(networkId: string): string {
  return `02:42:${networkId.slice(0, 8).replace(/..(?=.)/g, '$&:')}`;
}

function bridgeCommands({ id, subnet, labels }: Network): readonly string[] {
  const bridge = bridgeOf(id);
  const alias = aliasFor(labels);
  const gateway = `${gatewayOf(subnet)}/${subnet.prefixLength}`;
  return [
    `link add dev ${bridge} address ${bridgeMac(id)} type bridge`,
    ...(alias === undefined ? [] : [`link set dev ${bridge} alias ${alias}`]),
    `address add ${gateway} broadcast ${broadcastOf(subnet)} dev ${bridge}`,
    // Silently drops packets from the network that are not for the host itself, like Docker's rules. Packets that stay on the bridge are
    // not routed, and match no rule.
    `rule add pref ${ISOLATION_PREFERENCE} iif ${bridge} blackhole`,
    `link set dev ${bridge} up`,
  ];
}

function removeBridge({ id }: Network): Promise<void> {
  return removeLink(bridgeOf(id), [endOfIsolation(id)]);
}

function endOfIsolation(id: string): string {
  return `rule delete pref ${ISOLATION_PREFERENCE} iif ${bridgeOf(id)} blackhole`;
}

function requireFree(taken: readonly Network[]): Subnet {
  const subnet = freeSubnet(taken.map((other) => other.subnet));
  if (subnet !== undefined) return subnet;
  throw new WfError('E_SUBNET_IN_USE', 'no subnet of the default pools is left for another network', {
    hint: 'Remove an unused network, or specify a subnet (for the lab: `--input devSubnet=10.77.0.0/24`).',
  });
}

function requireUsable(asked: string, taken: readonly Network[]): Subnet {
  const subnet = usableSubnet(asked);
  if (subnet === undefined) {
    throw new WfError('E_INPUT', `subnet "${asked}" is not an IPv4 subnet for a network`, {
      hint: 'Write it as 172.20.0.0/16; it has at most 30 bits.',
    });
  }
  const other = taken.find((network) => overlap(network.subnet, subnet));
  if (other === undefined) return subnet;
  const theirs = subnetText(other.subnet);
  throw new WfError('E_SUBNET_IN_USE', `subnet ${asked} overlaps ${theirs} of network ${other.name}`, {
    hint: 'Choose a free subnet, or remove that network.',
    details: { subnet: asked, network: other.name, overlaps: theirs },
  });
}

function nameInUse({ id, name }: Network): WfError {
  return new WfError('E_NAME_IN_USE', `network with name ${name} already exists (${id.slice(0, 12)})`, {
    hint: 'Choose another name or prefix, or remove what has it.',
    details: { id },
  });
}
