import { bridgeOf } from '../../../../docker/bridge-name.ts';
import { WfError } from '../../../../engine/model/errors.ts';
import type { ContainerInfo, ContainerSpec, NetworkMember } from '../../../../engine/ports/docker.ts';
import { ipBatch } from '../../shared/ip-batch.ts';
import { recordCommands } from '../executed-commands.ts';
import { broadcastOf, gatewayOf, macOf } from '../network/addresses.ts';
import { linkWorks } from '../network/link-works.ts';
import { type Member, Neighbours } from '../network/neighbours.ts';
import { aliasFor, joinNetwork, type Network, type Networks } from '../network/networks.ts';
import { removeLink } from '../network/remove-link.ts';
import { type ContainerProcess, startContainerProcess } from './container-process.ts';
import { programOf } from './images.ts';
import { LogTail } from './log-tail.ts';
import { Spare } from './spare-container.ts';

interface Container {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly log: LogTail;
  state: 'created' | 'starting' | 'running' | 'exited' | 'removing';
  /** Its process: a spare one, or one that its start creates. */
  process: Promise<ContainerProcess> | undefined;
  pid: number;
  address: string | undefined;
  startedAt: string;
  exitCode: number;
  /** The start in progress; a second start and a removal wait for it. */
  starting: Promise<void> | undefined;
  /** The removal of its link and address in progress. */
  leaving: Promise<void> | undefined;
}

/** Docker's start time of a container that never ran. */
const NEVER = '0001-01-01T00:00:00Z';
const READY_LIMIT_MS = 30_000;

/** The containers of the private host. */
export class Containers {
  readonly #networks: Networks;
  readonly #containers = new Map<string, Container>();
  readonly #spare: Spare;
  readonly #neighbours = new Neighbours();

  constructor(networks: Networks) {
    this.#networks = networks;
    this.#spare = new Spare((id) => this.#nameHandler(id));
  }

  /** Starts the process of the next container in advance. */
  provideSpare(): void {
    this.#spare.provide();
  }

  all(): readonly ContainerInfo[] {
    return [...this.#containers.values()].map((container) => this.#info(container));
  }

  byId(id: string): ContainerInfo | undefined {
    const container = this.#containers.get(id);
    return container === undefined ? undefined : this.#info(container);
  }

  byName(name: string): ContainerInfo | undefined {
    const container = this.#named(name);
    return container === undefined ? undefined : this.#info(container);
  }

  /** Returns the id of the running container with this process. @param pid on the machine */
  ofProcess(pid: number): string | undefined {
    return [...this.#containers.values()].find((container) => container.state === 'running' && container.pid === pid)
      ?.id;
  }

  /** Returns the running containers of a network, as `docker network inspect` lists them. */
  membersOf(network: Network): readonly NetworkMember[] {
    return this.#running(network).map(([{ id, spec }, address]) => ({
      containerId: id,
      name: spec.name,
      mac: macOf(address),
      ipv4: `${address}/${network.subnet.prefixLength}`,
    }));
  }

  create(spec: ContainerSpec): string {
    const { name, image, command } = spec;
    const namesake = this.#named(name);
    if (namesake !== undefined) throw nameInUse(name, namesake.id);
    programOf(image, command);
    const networkId = this.#networkOf(spec).id;
    const { id, starting } = this.#spare.take();
    this.#containers.set(id, {
      id,
      spec: { ...spec, networkId },
      log: new LogTail(),
      state: 'created',
      process: starting,
      pid: 0,
      address: undefined,
      startedAt: NEVER,
      exitCode: 0,
      starting: undefined,
      leaving: undefined,
    });
    return id;
  }

  async start(id: string): Promise<void> {
    const container = this.#require(id);
    if (container.state === 'running') return;
    container.starting ??= this.#startOnce(container).finally(() => {
      container.starting = undefined;
    });
    await container.starting;
  }

  logs(id: string, lastLines: number): string {
    return this.#containers.get(id)?.log.lastLines(lastLines) ?? '';
  }

  async remove(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined) return;
    await container.starting?.catch(() => undefined);
    container.state = 'removing';
    const process = await container.process?.catch(() => undefined);
    if (process !== undefined) {
      process.kill();
      await process.ended;
    }
    await this.#leave(container);
    this.#containers.delete(id);
  }

  /** Returns the process of a running container. @throws WfError E_DOCKER */
  async running(id: string): Promise<ContainerProcess> {
    const { state, process } = this.#require(id);
    if (state === 'running' && process !== undefined) return await process;
    throw new WfError('E_DOCKER', `container ${id} is not running`, {
      hint: 'Start it again, or start the run again.',
    });
  }

  /** Adds the neighbour entries of a container before it sends packets: there may be many neighbours. */
  async meetNeighbours(id: string): Promise<void> {
    const network = this.#networks.byId(this.#require(id).spec.networkId);
    if (network !== undefined) await this.#neighbours.meet(network, await this.#membersOf(network));
  }

  async #startOnce(container: Container): Promise<void> {
    const { id, spec } = container;
    // Waits until the link of an earlier process is removed: the new one has the same name.
    await container.leaving;
    if (container.state === 'removing') throw noSuchContainer(id);
    const program = programOf(spec.image, spec.command);
    const network = this.#networkOf(spec);
    const address = joinNetwork(network, id);
    container.address = address;
    container.state = 'starting';
    try {
      const process = await this.#processOf(container);
      const links = linkCommands(container, network, address, process);
      await ipBatch(links, `start container ${spec.name}`);
      container.log.follow(process.stdout);
      container.log.follow(process.stderr);
      const ready = process.peer.call('start', { ip: insideCommands(network, address), program }, READY_LIMIT_MS);
      // A container that ends at once has started as well.
      await Promise.race([ready, process.ended]).catch((thrown: unknown) => {
        if (!process.peer.isGone()) throw thrown;
      });
      if (!process.peer.isGone()) await this.#connected(container, network, process);
      recordCommands(id, links);
      recordCommands(id, insideCommands(network, address), spec.name);
      container.startedAt = startMoment();
      container.pid = process.pid;
      container.state = 'running';
      const settle = async () => this.#ended(container, process, await process.ended);
      settle().catch(() => undefined); // a remaining link ends with the namespace
      if (process.peer.isGone()) await this.#ended(container, process, await process.ended);
    } catch (thrown) {
      const process = await container.process?.catch(() => undefined);
      process?.kill();
      await process?.ended;
      container.process = undefined;
      container.state = container.startedAt === NEVER ? 'created' : 'exited';
      await this.#leave(container);
      throw thrown;
    }
  }

  async #connected({ id, spec }: Container, network: Network, process: ContainerProcess): Promise<void> {
    try {
      await linkWorks(linkOf(id), bridgeOf(network.id), `start container ${spec.name}`);
    } catch (thrown) {
      // A container that has ended has no link.
      if (!process.peer.isGone()) throw thrown;
    }
  }

  async #processOf(container: Container): Promise<ContainerProcess> {
    const { id } = container;
    const early = await container.process?.catch(() => undefined);
    if (early !== undefined && !early.peer.isGone()) return early;
    container.process = startContainerProcess(id, this.#nameHandler(id));
    return await container.process;
  }

  async #ended(container: Container, process: ContainerProcess, exitCode: number): Promise<void> {
    if (container.state !== 'running' || (await container.process) !== process) return;
    container.state = 'exited';
    container.exitCode = exitCode;
    container.pid = 0;
    container.process = undefined;
    await this.#leave(container);
  }

  /** Removes the link, which the kernel would remove later with the namespace. */
  #leave(container: Container): Promise<void> {
    container.leaving ??= this.#leaveOnce(container).finally(() => {
      container.leaving = undefined;
    });
    return container.leaving;
  }

  async #leaveOnce(container: Container): Promise<void> {
    if (container.address === undefined) return;
    container.address = undefined;
    const network = this.#networks.byId(container.spec.networkId);
    try {
      await removeLink(linkOf(container.id));
      if (network !== undefined) await this.#neighbours.part(network, await this.#membersOf(network));
    } finally {
      network?.addresses.delete(container.id);
    }
  }

  /** Resolves the names and short ids of the running containers in the network of a container, case-insensitively. */
  #nameHandler(containerId: string) {
    return (asked: { readonly [key: string]: unknown }): string | null => {
      const wanted = String(asked['name']).toLowerCase();
      const container = this.#containers.get(containerId);
      const network = container === undefined ? undefined : this.#networks.byId(container.spec.networkId);
      if (network === undefined) return null;
      const found = this.#running(network).find(
        ([{ id, spec }]) => spec.name.toLowerCase() === wanted || id.slice(0, 12) === wanted,
      );
      return found === undefined ? null : found[1];
    };
  }

  #running(network: Network): readonly (readonly [Container, string])[] {
    return [...network.addresses].flatMap(([id, address]) => {
      const container = this.#containers.get(id);
      return container?.state === 'running' ? [[container, address] as const] : [];
    });
  }

  async #membersOf(network: Network): Promise<readonly Member[]> {
    const members = this.#running(network).map(async ([container, address]) => {
      const process = await container.process?.catch(() => undefined);
      return process === undefined ? [] : [{ process, address }];
    });
    return (await Promise.all(members)).flat();
  }

  #named(name: string): Container | undefined {
    return [...this.#containers.values()].find(({ spec }) => spec.name === name);
  }

  #require(id: string): Container {
    const container = this.#containers.get(id);
    if (container === undefined) throw noSuchContainer(id);
    return container;
  }

  #networkOf({ name, networkId }: ContainerSpec): Network {
    const network = this.#networks.byId(networkId) ?? this.#networks.byName(networkId);
    if (network !== undefined) return network;
    throw new WfError('E_DOCKER', `container ${name} cannot join network ${networkId}: there is no such network`, {
      hint: 'It was removed meanwhile: start the run again.',
    });
  }

  #info({ id, spec, state, pid, startedAt, exitCode, address }: Container): ContainerInfo {
    const network = this.#networks.byId(spec.networkId);
    const running = state === 'running';
    const there = running && address !== undefined && network !== undefined;
    return {
      id,
      name: spec.name,
      image: spec.image,
      labels: spec.labels,
      running,
      status: state === 'starting' ? 'created' : state,
      pid: running ? pid : 0,
      startedAt,
      exitCode,
      endpoints: [
        {
          network: network?.name ?? spec.networkId,
          networkId: spec.networkId,
          ipv4: there ? address : null,
          prefixLength: there ? network.subnet.prefixLength : null,
          mac: there ? macOf(address) : null,
          gateway: there ? gatewayOf(network.subnet) : null,
        },
      ],
    };
  }
}

/** Returns the name of its link on the host: seven hex digits, as in Docker. */
function linkOf(containerId: string): string {
  return `veth${containerId.slice(0, 7)}`;
}

function linkCommands({ id, spec }: Container, network: Network, address: string, process: ContainerProcess) {
  const link = linkOf(id);
  const alias = aliasFor(spec.labels);
  const bridge = bridgeOf(network.id);
  const peer = `peer name eth0 address ${macOf(address)} netns ${process.innerPid}`;
  return [
    `link add dev ${link} type veth ${peer}`,
    ...(alias === undefined ? [] : [`link set dev ${link} alias ${alias}`]),
    `link set dev ${link} master ${bridge} up`,
  ];
}

function insideCommands({ subnet }: Network, address: string): readonly string[] {
  const own = `${address}/${subnet.prefixLength}`;
  return [
    `address add ${own} broadcast ${broadcastOf(subnet)} dev eth0`,
    'link set dev eth0 up',
    `route add default via ${gatewayOf(subnet)} dev eth0`,
  ];
}

/** Returns the time in Docker's format, to the nanosecond, so that no two starts have the same time. */
function startMoment(): string {
  const fraction = String(process.hrtime.bigint() % 1_000_000n).padStart(6, '0');
  return new Date().toISOString().replace('Z', `${fraction}Z`);
}

function noSuchContainer(id: string): WfError {
  return new WfError('E_DOCKER', `No such container: ${id}`, {
    hint: 'It was removed meanwhile: start the run again.',
  });
}

function nameInUse(name: string, id: string): WfError {
  return new WfError('E_NAME_IN_USE', `the container name ${name} is already in use by container ${id.slice(0, 12)}`, {
    hint: 'Choose another name or prefix, or remove what has it.',
    details: { id },
  });
}
