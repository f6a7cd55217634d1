import { z } from 'zod';
import { containerInfoSchema, networkInfoSchema } from '../../../docker/answers/info-schemas.ts';
import { engineNeeded } from '../../../docker/engine-needed.ts';
import { isObjectId } from '../../../docker/object-id.ts';
import { commandLine } from '../../../engine/model/evidence.ts';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import type { DockerPort } from '../../../engine/ports/docker.ts';
import { NO_SWARM } from '../../../engine/ports/swarm.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { execAnswer, id as idAnswer, imageAnswer, nothing } from '../protocol/answers.ts';
import type { Connection } from './connection.ts';

/** Version of the responses of a private host. */
const VERSION = '1';

/**
 * Provides the networks, containers and images of a private host through the port of a Docker engine.
 * @param name the mark of the private host, with the name of a named host in it
 */
export function privateDocker(name: string, owner: Owner, { call }: Pick<Connection, 'call'>): DockerPort {
  const engineId = privateEngineId(name, owner);
  const networks = () => call('networks', {}, z.array(networkInfoSchema));
  const containers = () => call('containers', {}, z.array(containerInfoSchema));

  return {
    programs: 'machine',
    // Evidence must not resemble that of a docker client.
    shown: (argv) => `# embedded runtime, in place of: ${commandLine(argv)}`,
    hasEnded: privateEngineHasEnded,
    executedCommands: (id) => call('executedCommands', { id }, z.array(z.string())),
    async info() {
      return {
        id: engineId,
        version: VERSION,
        apiVersion: VERSION,
        operatingSystem: 'wf embedded',
        rootless: false,
        endpoint: `private host ${name} (process ${owner.pid})`,
      };
    },
    engineId: async () => engineId,

    image: (reference) => call('image', { reference }, imageAnswer.nullable()),
    async pullImage(reference, onProgress) {
      await call('requireImage', { reference }, imageAnswer);
      onProgress(`${reference}: built in`);
    },
    // Images are part of wf.
    removeImage: async () => undefined,
    saveImage: needsEngine,
    loadImages: needsEngine,

    volumes: async () => [],
    volume: needsEngine,
    createVolume: needsEngine,
    removeVolume: needsEngine,
    connectNetwork: needsEngine,
    disconnectNetwork: needsEngine,
    execCommand: needsEngine,
    runningCommands: needsEngine,

    listNetworks: networks,
    networks: async (name) => (await networks()).filter((network) => name === undefined || network.name === name),
    async network(idOrName) {
      if (isObjectId(idOrName)) return await call('network', { id: idOrName }, networkInfoSchema.nullable());
      return await call('networkNamed', { name: idOrName }, networkInfoSchema.nullable());
    },
    async createNetwork({ name, subnet, labels, driver }) {
      if (driver === 'overlay') return needsEngine();
      return { id: await call('createNetwork', { name, subnet, labels }, idAnswer) };
    },
    async removeNetwork(id) {
      await call('removeNetwork', { id }, nothing);
    },

    async listContainers() {
      return (await containers()).map(({ endpoints, ...container }) => ({
        ...container,
        imageId: container.image,
        networks: endpoints.map(({ network }) => network),
      }));
    },
    containers,
    async container(idOrName) {
      if (isObjectId(idOrName)) return await call('container', { id: idOrName }, containerInfoSchema.nullable());
      return await call('containerNamed', { name: idOrName }, containerInfoSchema.nullable());
    },
    async createContainer({ name, image, command, networkId, labels, options }) {
      if (options !== undefined) return needsEngine();
      return { id: await call('createContainer', { name, image, command, networkId, labels }, idAnswer) };
    },
    async startContainer(id) {
      await call('startContainer', { id }, nothing);
    },
    logs: (id, lastLines) => call('logs', { id, lastLines }, z.string()),
    async removeContainer(id) {
      await call('removeContainer', { id }, nothing);
    },
    exec: (id, argv, timeoutMs) => call('exec', { id, argv, timeoutMs }, execAnswer, timeoutMs + ANSWER_MS),
    swarm: {
      state: async () => NO_SWARM,
      init: needsEngine,
      join: needsEngine,
      leave: async () => undefined,
      joinToken: needsEngine,
      nodes: needsEngine,
      updateNode: needsEngine,
      removeNode: needsEngine,
      services: needsEngine,
    },
  };
}

async function needsEngine(): Promise<never> {
  throw engineNeeded('this step');
}

const ENGINE_ID = /^private host (?<name>.*), process (?<pid>\d+) of (?<startTime>\d+) since (?<bootId>\S+)$/;

/** Returns the id of an engine that ends with this process. */
export function privateEngineId(name: string, { pid, startTime, bootId }: Owner): string {
  return `private host ${name}, process ${pid} of ${startTime} since ${bootId}`;
}

/** Returns whether the private host of this engine id has ended; false for any other kind of engine. */
export function privateEngineHasEnded(engineId: string): boolean {
  const { pid, startTime, bootId } = ENGINE_ID.exec(engineId)?.groups ?? {};
  if (pid === undefined || startTime === undefined || bootId === undefined) return false;
  return !isAlive({ pid: Number(pid), startTime, bootId });
}

/** Time for a response, in addition to the time of the request. */
const ANSWER_MS = 5_000;
