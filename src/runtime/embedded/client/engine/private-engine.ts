import { createReadStream } from 'node:fs';
import { createDockerAt } from '../../../../docker/create-docker.ts';
import { asWfError, WfError } from '../../../../engine/model/errors.ts';
import type { Owner } from '../../../../engine/model/identity/owner.ts';
import type { DockerPort } from '../../../../engine/ports/docker.ts';
import { isAlive } from '../../../../host/processes/process.ts';
import { engineSocket } from '../../protocol/engine.ts';
import { privateHostGone } from '../connection.ts';
import { privateEngineHasEnded, privateEngineId } from '../private-docker.ts';
import type { InnerHost } from '../private-host.ts';
import { pidOnMachine } from './pid-on-machine.ts';

/** Sources of images for an engine without an uplink. */
export interface ImageSources {
  /** The engine of the machine. */
  readonly machine: DockerPort;
  /** Files of `docker save`. */
  readonly files: readonly string[];
}

/** A Docker engine in a private host. */
interface PrivateEngine {
  /** The mark of the private host. */
  readonly mark: string;
  /** The name of the named host. */
  readonly host: string;
  /** The first process of the private host. */
  readonly owner: Owner;
  /** The process that started the engine. */
  readonly process: Owner;
  readonly images: ImageSources;
}

/** Returns the members of a host in a private host that depend on its Docker engine. */
export function privateEngine(engine: PrivateEngine): Pick<InnerHost, 'docker' | 'enter' | 'engine'> {
  const { host, process } = engine;
  const namespaces = `/proc/${process.pid}/ns`;
  return {
    docker: dockerOf(engine),
    // Containers have their own files, with or without a shell, and the engine uses its own pids.
    enter: (argv, container) =>
      container === undefined
        ? [
            ...(['nsenter', `--net=${namespaces}/net`, `--mount=${namespaces}/mnt`] as const),
            ...[`--pid=${namespaces}/pid`, `--uts=${namespaces}/uts`, '--'],
            ...['env', `DOCKER_HOST=unix://${engineSocket(host)}`, ...argv],
          ]
        : ['nsenter', `--net=/proc/${container.pid}/ns/net`, '--', ...argv],
    engine: {
      byHand: ([program, ...args]) =>
        program === 'docker'
          ? ['docker', '--host', `unix://${socketOf(engine)}`, ...args]
          : ['nsenter', `--net=${namespaces}/net`, program, ...args],
    },
  };
}

/** Returns the path of its socket on the machine. */
function socketOf({ host, process }: PrivateEngine): string {
  return `/proc/${process.pid}/root${engineSocket(host)}`;
}

/** Creates the port of the engine. Loads a missing image from the files, otherwise from the engine of the machine. */
function dockerOf(engine: PrivateEngine): DockerPort {
  const { mark, host, owner, process, images } = engine;
  const gone = () => (isAlive(owner) && isAlive(process) ? undefined : privateHostGone(mark));
  const docker = createDockerAt(
    async () => ({ type: 'unix', path: socketOf(engine), description: `the private engine of ${host}`, gone }),
    { pid: (pid) => pidOnMachine(owner, pid), path: (path) => `/proc/${process.pid}/root${path}` },
  );
  const engineId = privateEngineId(`${mark} engine ${host}`, process);
  const loaded = new Set<string>();

  async function image(reference: string) {
    const present = await docker.image(reference);
    if (present !== null) return present;
    for (const file of images.files) {
      if (loaded.has(file)) continue;
      await docker
        .loadImages(createReadStream(file))
        .catch((thrown: unknown) => Promise.reject(unreadable(file, thrown)));
      loaded.add(file);
      const found = await docker.image(reference);
      if (found !== null) return found;
    }
    const why = await copy(reference);
    const copied = why === undefined ? await docker.image(reference) : null;
    if (copied !== null) return copied;
    throw unavailable(host, reference, why);
  }

  /** Copies an image from the machine's engine. Returns why it has none. */
  async function copy(reference: string): Promise<WfError | undefined> {
    try {
      await docker.loadImages(await images.machine.saveImage(reference));
      return undefined;
    } catch (thrown) {
      return asWfError(thrown);
    }
  }

  return {
    ...docker,
    engineId: async () => engineId,
    hasEnded: privateEngineHasEnded,
    image,
    async pullImage(reference) {
      await image(reference);
    },
    async createContainer(spec) {
      await image(spec.image);
      return docker.createContainer(spec);
    },
  };
}

function unreadable(file: string, thrown: unknown): WfError {
  const cause = asWfError(thrown);
  return new WfError('E_IMAGE_UNAVAILABLE', `${file}: ${cause.message}`, { hint: cause.hint, cause: thrown });
}

function unavailable(host: string, reference: string, why: WfError | undefined): WfError {
  return new WfError(
    'E_IMAGE_UNAVAILABLE',
    `image ${reference} is not on the machine for the private engine of host ${host}${why === undefined ? '' : `: ${why.message}`}`,
    {
      hint: `Pull it with \`docker pull ${reference}\` on the machine's engine, or give a file of \`docker save\` in \`images\` of the host: a private engine has no uplink.`,
    },
  );
}
