import { WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import type { DockerPort, ListedContainer, ListedNetwork, VolumeInfo } from '../../engine/ports/docker.ts';
import type { SwarmState } from '../../engine/ports/swarm.ts';
import { NO_ENGINE, readSection, type Section, unreadableSection } from '../differences/shape.ts';

export interface DockerSections {
  readonly networks: Section;
  readonly containers: Section;
  readonly volumes: Section;
  readonly swarm: Section;
}

/** Reads networks and containers by id, volumes by name, and the swarm membership, with one request each. */
export async function dockerSections(docker: DockerPort): Promise<DockerSections> {
  const [networks, containers, volumes, swarm] = await Promise.all([
    sectionOf(async () =>
      (await docker.listNetworks()).map((network) => [`network ${network.id}`, networkAttributes(network)]),
    ),
    sectionOf(async () =>
      (await docker.listContainers()).map((container) => [`container ${container.id}`, containerAttributes(container)]),
    ),
    sectionOf(async () =>
      (await docker.volumes()).map((volume) => [`volume ${volume.name}`, volumeAttributes(volume)]),
    ),
    sectionOf(async () => membership(await docker.swarm.state())),
  ]);
  return { networks, containers, volumes, swarm };
}

/**
 * Builds a section. If the engine is absent, forbidden or answers unexpectedly, the state of the section reports it.
 * @throws other errors of DockerPort.
 */
async function sectionOf(read: () => Promise<readonly (readonly [subject: string, attributes: Json])[]>) {
  try {
    return readSection(await read());
  } catch (thrown) {
    if (!(thrown instanceof WfError)) throw thrown;
    switch (thrown.code) {
      case 'E_DOCKER_UNREACHABLE':
        return { state: NO_ENGINE, entries: {} };
      case 'E_PERMISSION':
      case 'E_DOCKER':
        return unreadableSection(thrown.message);
      default:
        throw thrown;
    }
  }
}

function networkAttributes(network: ListedNetwork): Json {
  const { id, name, driver, scope, internal, labels, options } = network;
  const subnets = network.subnets.map(({ subnet, gateway }) => ({ subnet, gateway }));
  return { id, name, driver, scope, internal, subnets, labels, options };
}

/** Excludes pid, start and addresses, so that an automatic restart of a container makes no difference. */
function containerAttributes(container: ListedContainer): Json {
  const { id, name, imageId, labels, running, networks, volumes = [] } = container;
  const mounted = volumes.length === 0 ? {} : { volumes: [...volumes].sort() };
  return { id, name, image: imageId, labels, running, networks: [...networks].sort(), ...mounted };
}

function volumeAttributes({ name, driver, labels, options }: VolumeInfo): Json {
  return { name, driver, labels, options };
}

/** Excludes attributes that change on their own: reachability of the node, and the leader. */
function membership({ state, node, isManager, cluster }: SwarmState): readonly [string, Json][] {
  if (state === 'inactive') return [];
  const attributes = { node, role: isManager ? 'manager' : 'worker', cluster: cluster?.id ?? null };
  return [[`swarm node ${node ?? state}`, { ...attributes, labels: cluster?.labels ?? {} }]];
}
