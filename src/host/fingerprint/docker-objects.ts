import { WfError } from '../../engine/errors.ts';
import type { Json } from '../../engine/json.ts';
import type { ContainerInfo, DockerPort, NetworkInfo } from '../../engine/ports/docker.ts';
import { NO_ENGINE, readSection, type Section, unreadableSection } from './shape.ts';

export interface DockerSections {
  readonly networks: Section;
  readonly containers: Section;
}

/** Networks and containers by id. @throws WfError as DockerPort, but for an engine that is not there or not allowed. */
export async function dockerSections(docker: DockerPort): Promise<DockerSections> {
  try {
    const [networks, containers] = await Promise.all([docker.networks(), docker.containers()]);
    return {
      networks: readSection(networks.map((network) => [`network ${network.id}`, networkAttributes(network)])),
      containers: readSection(
        containers.map((container) => [`container ${container.id}`, containerAttributes(container)]),
      ),
    };
  } catch (thrown) {
    const section = sectionWithoutDocker(thrown);
    return { networks: section, containers: section };
  }
}

function sectionWithoutDocker(thrown: unknown): Section {
  if (!(thrown instanceof WfError)) throw thrown;
  switch (thrown.code) {
    case 'E_DOCKER_UNREACHABLE':
      return { state: NO_ENGINE, entries: {} };
    case 'E_PERMISSION':
      return unreadableSection(thrown.message);
    default:
      throw thrown;
  }
}

function networkAttributes(network: NetworkInfo): Json {
  const { id, name, driver, scope, internal, labels, options } = network;
  const subnets = network.subnets.map(({ subnet, gateway }) => ({ subnet, gateway }));
  return { id, name, driver, scope, internal, subnets, labels, options };
}

/** Without pid, start and addresses: a container that restarts by itself is as it was. */
function containerAttributes(container: ContainerInfo): Json {
  const { id, name, image, labels, running } = container;
  const networks = container.endpoints.map((endpoint) => endpoint.network).sort();
  return { id, name, image, labels, running, networks };
}
