import { commandLine } from '../engine/model/evidence.ts';
import type { DockerPort, EngineInfo } from '../engine/ports/docker.ts';
import { infoAnswer, versionAnswer } from './answers/answers.ts';
import { parseAnswer } from './answers/parse-answer.ts';
import { type Connection, createConnection } from './connection/connection.ts';
import { type Endpoint, type Environment, findEndpoint } from './connection/endpoint.ts';
import { containerCalls } from './containers.ts';
import { execCalls } from './exec.ts';
import { imageCalls } from './images.ts';
import { networkCalls } from './networks.ts';
import { swarmCalls } from './swarm.ts';
import { volumeCalls } from './volumes.ts';

/**
 * Creates a port to the Docker engine that the docker client would use with `env`. It finds the engine and loads dockerode at the
 * first call.
 */
export function createDocker(env: Environment = process.env): DockerPort {
  return createDockerAt(() => findEndpoint(env));
}

/** Translates pids and paths that an engine reports into those of this machine. */
export interface Here {
  pid(pid: number): number;
  path(path: string): string;
}

const THE_SAME: Here = { pid: (pid) => pid, path: (path) => path };

/**
 * Creates a port to the Docker engine at this endpoint, which it finds at the first call.
 * @param here translates the pids and paths of an engine in other PID and mount namespaces
 */
export function createDockerAt(find: () => Promise<Endpoint>, here: Here = THE_SAME): DockerPort {
  const connection = createConnection(find);
  const images = imageCalls(connection);
  let engineId: Promise<string> | undefined;
  let asked: Promise<EngineInfo> | undefined;
  return {
    programs: 'image',
    shown: commandLine,
    executedCommands: async () => [],
    // The objects of an engine may reappear when it restarts.
    hasEnded: () => false,
    engineId() {
      engineId ??= askForId(connection).catch((thrown: unknown) => {
        engineId = undefined; // the next call asks again
        throw thrown;
      });
      return engineId;
    },
    info() {
      // Requirements that are checked in parallel share a response, for which the engine starts four programs.
      asked ??= askForInfo(connection).finally(() => {
        asked = undefined;
      });
      return asked;
    },
    ...images,
    ...networkCalls(connection),
    ...containerCalls(connection, images.image, here),
    ...volumeCalls(connection),
    ...execCalls(connection, here.pid),
    swarm: swarmCalls(connection),
  };
}

async function askForInfo(connection: Connection): Promise<EngineInfo> {
  const [info, version] = await Promise.all([
    connection.read('ask the engine what it is', (client) => client.info()),
    connection.read('ask the engine for its version', (client) => client.version()),
  ]);
  const { ID, ServerVersion, OperatingSystem, SecurityOptions } = parseAnswer(infoAnswer(), info, 'docker info');
  return {
    id: ID,
    version: ServerVersion,
    apiVersion: parseAnswer(versionAnswer(), version, 'docker version').ApiVersion,
    operatingSystem: OperatingSystem,
    rootless: SecurityOptions.some((option) => option.split(',').includes('name=rootless')),
    endpoint: (await connection.endpoint()).description,
  };
}

/**
 * Returns the engine's id with its data directory: engines of one machine share the key in /etc/docker from which Docker up to 24
 * derives the id.
 */
async function askForId(connection: Connection): Promise<string> {
  const info = await connection.read('ask the engine what it is', (client) => client.info());
  const { ID, DockerRootDir } = parseAnswer(infoAnswer(), info, 'docker info');
  return `${ID} in ${DockerRootDir}`;
}
