import { bridgeOf } from '../../../../docker/bridge-name.ts';
import { ipBatchForced } from '../../shared/ip-batch.ts';
import type { ContainerProcess } from '../containers/container-process.ts';
import { gatewayOf, macOf } from './addresses.ts';
import { bridgeMac, type Network } from './networks.ts';

/** A running container, as its neighbours see it. */
export interface Member {
  readonly process: ContainerProcess;
  readonly address: string;
}

/** In networks with up to this many members, the kernel resolves addresses itself. */
const FEW = 8;
const LIMIT_MS = 30_000;

/**
 * Adds permanent neighbour entries for the containers of a large network, so that they resolve no link addresses (ARP).
 *
 * The kernel keeps resolved addresses in one table for the whole machine, by default with 1,024 entries
 * (`net.ipv4.neigh.default.gc_thresh3`). All pairs of 4 networks of 17 containers exceed it: then neither they nor the machine itself can
 * resolve addresses. Permanent entries do not count.
 */
export class Neighbours {
  /** The members with entries for each other, by network. */
  readonly #met = new Map<string, string>();
  readonly #meetings = new Map<string, Promise<void>>();

  /** Resolves once all members have entries for each other. */
  async meet(network: Network, members: readonly Member[]): Promise<void> {
    if (members.length <= FEW) return;
    const all = members.map(({ process, address }) => `${process.pid}:${address}`).join();
    while (this.#met.get(network.id) !== all) {
      const meeting = this.#meetings.get(network.id) ?? this.#introduce(network, members, all);
      this.#meetings.set(network.id, meeting);
      await meeting;
      if (this.#meetings.get(network.id) === meeting) this.#meetings.delete(network.id);
    }
  }

  /** Removes the entries when a member leaves: another one, with another link address, may soon have its address. */
  async part(network: Network, members: readonly Member[]): Promise<void> {
    if (!this.#met.delete(network.id)) return;
    const flush = (link: string) => `neighbour flush dev ${link} nud permanent`;
    await Promise.all([
      ipBatchForced([flush(bridgeOf(network.id))]),
      ...members.map(({ process }) => runIn(process, [flush('eth0')])),
    ]);
  }

  async #introduce(network: Network, members: readonly Member[], all: string): Promise<void> {
    const { id, subnet } = network;
    const entry = (address: string, mac: string, link: string) =>
      `neighbour replace ${address} lladdr ${mac} nud permanent dev ${link}`;
    const known = (link: string) => members.map(({ address }) => entry(address, macOf(address), link));
    const inside = [...known('eth0'), entry(gatewayOf(subnet), bridgeMac(id), 'eth0')];
    await Promise.all([
      ipBatchForced(known(bridgeOf(id))),
      // No member is its own neighbour.
      ...members.map(({ process }, index) => runIn(process, inside.toSpliced(index, 1))),
    ]);
    this.#met.set(id, all);
  }
}

/** Runs commands in a container. Ignores failures: it may have ended, and otherwise resolves addresses later. */
async function runIn({ peer }: ContainerProcess, commands: readonly string[]): Promise<void> {
  await peer.call('links', { commands }, LIMIT_MS).catch(() => undefined);
}
