import { bridgeOf } from '../../../../docker/bridge-name.ts';
import { ipBatchForced } from '../../shared/ip-batch.ts';
import type { ContainerProcess } from '../containers/container-process.ts';
import { gatewayOf, macOf } from './addresses.ts';
import { bridgeMac, type Network } from './networks.ts';

/** A container that runs, as its neighbours know it. */
export interface Member {
  readonly process: ContainerProcess;
  readonly address: string;
}

/** Networks of so few are left to the kernel. */
const FEW = 8;
const LIMIT_MS = 30_000;

/**
 * Tells the containers of a large network of each other, so that none has to ask for another's link address (ARP).
 *
 * The kernel keeps what was asked for in one table for the whole machine, of 1,024 entries where nobody has raised
 * `net.ipv4.neigh.default.gc_thresh3`: all pairs of 4 networks of 17 containers are more, and then neither they nor the machine
 * itself find their neighbours any more. Entries that were given do not count.
 */
export class Neighbours {
  /** The members that have been introduced, by network. */
  readonly #met = new Map<string, string>();
  readonly #meetings = new Map<string, Promise<void>>();

  /** All of them know each other once this has resolved. */
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

  /** Somebody leaves: his address may be another's soon, who has a link address of his own. */
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
      // Nobody is his own neighbour.
      ...members.map(({ process }, index) => runIn(process, inside.toSpliced(index, 1))),
    ]);
    this.#met.set(id, all);
  }
}

/** Runs commands in a container. One that has ended needs none; one that cannot be reached asks the kernel later. */
async function runIn({ peer }: ContainerProcess, commands: readonly string[]): Promise<void> {
  await peer.call('links', { commands }, LIMIT_MS).catch(() => undefined);
}
