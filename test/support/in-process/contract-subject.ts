import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Argv } from '../../../src/engine/ports/command.ts';
import type { ContainerInfo, NetworkInfo } from '../../../src/engine/ports/docker.ts';
import type { RunHost, RuntimeName } from '../../../src/engine/ports/runtime.ts';

/** A host that one of the runtimes has opened, with the operations of the tests. The tests choose the names. */
export interface Subject {
  readonly runtime: RuntimeName;
  readonly host: RunHost;
  /** Serves a text (`-text T`) on port 5678. */
  readonly echoImage: string;
  /** Runs `sleep`. */
  readonly sleepImage: string;
  /** Creates a network; `cleanUp` removes it. */
  network(name: string, subnet?: string): Promise<NetworkInfo>;
  /** Creates and starts a container, which serves its own name if no other command is given. */
  container(name: string, network: NetworkInfo, command?: readonly string[]): Promise<ContainerInfo>;
  /** Removes all objects created since `keep`. */
  cleanUp(): Promise<void>;
  /** Keeps all objects created so far, until `end`. */
  keep(): void;
  /** Removes all objects. */
  end(): Promise<void>;
  /** The output of a command in the network namespace of a container or of the host, started by the test and not by wf. */
  outputIn(place: ContainerInfo | 'host', ...argv: Argv): string;
  /** The body that a container, or the host, is served at a URL within `ms`; null if there is none. */
  fetch(place: ContainerInfo | 'host', address: string, ms?: number): string | null;
  /** The address that the name server of a container has for each name; null if it has none within `ms`. */
  resolve(place: ContainerInfo, names: readonly string[], ms?: number): readonly (string | null)[];
}

const RESOLVE = fileURLToPath(new URL('../../fixtures/contract/resolve.mjs', import.meta.url));
/** Exit codes of curl: it cannot connect, it gets no answer in time, none at all, or a part of one. */
const NO_ANSWER: readonly unknown[] = [7, 28, 52, 56];
const ANSWERS_WITHIN_MS = 10_000;

export function subjectOn(
  host: RunHost,
  { runtime, echoImage, sleepImage }: Pick<Subject, 'runtime' | 'echoImage' | 'sleepImage'>,
): Subject {
  const { docker, namespace } = host.ports;
  const labels = { 'wf.run': 'contract', purpose: 'test' };
  const networks: string[] = [];
  const containers: string[] = [];
  let kept = { networks: 0, containers: 0 };

  const known = async <Found>(found: Promise<Found | null>): Promise<Found> => {
    const object = await found;
    if (object === null) throw new Error('the runtime does not know what it has just made');
    return object;
  };
  const outputIn = (place: ContainerInfo | 'host', ...argv: Argv) => {
    const path = place === 'host' ? namespace.own().path : `/proc/${place.pid}/ns/net`;
    return execFileSync('nsenter', [...userNamespace(path), `--net=${path}`, '--', ...argv], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const fetched = (place: ContainerInfo | 'host', address: string, ms: number) => {
    try {
      return outputIn(place, 'curl', '--silent', '--max-time', `${ms / 1000}`, `http://${address}:5678/`).trim();
    } catch (thrown) {
      if (thrown instanceof Error && 'status' in thrown && NO_ANSWER.includes(thrown.status)) return null;
      throw thrown;
    }
  };

  return {
    runtime,
    host,
    echoImage,
    sleepImage,
    async network(name, subnet) {
      const { id } = await docker.createNetwork({ name, subnet: subnet ?? null, labels });
      networks.push(id);
      return known(docker.network(id));
    },
    async container(name, { id: networkId }, command) {
      const image = command === undefined || command[0]?.startsWith('-') ? echoImage : sleepImage;
      const spec = { name, image, command: command ?? ['-text', name], networkId, labels };
      const { id } = await docker.createContainer(spec);
      containers.push(id);
      await docker.startContainer(id);
      return known(docker.container(id));
    },
    async cleanUp() {
      for (const id of containers.splice(kept.containers)) await docker.removeContainer(id);
      for (const id of networks.splice(kept.networks)) await docker.removeNetwork(id);
    },
    keep() {
      kept = { networks: networks.length, containers: containers.length };
    },
    async end() {
      kept = { networks: 0, containers: 0 };
      await this.cleanUp();
    },
    outputIn,
    // A container's service may need a moment until it listens.
    fetch(place, address, ms = ANSWERS_WITHIN_MS) {
      const until = Date.now() + ms;
      for (;;) {
        const left = until - Date.now();
        const body = fetched(place, address, Math.max(100, left));
        if (body !== null || left <= 100) return body;
      }
    },
    resolve: (place, names, ms = ANSWERS_WITHIN_MS) =>
      z
        .array(z.string().nullable())
        .parse(JSON.parse(outputIn(place, process.execPath, RESOLVE, String(ms), ...names))),
  };
}

/** Enters the user namespace first if the namespaces belong to another one. */
function userNamespace(networkNamespace: string): readonly string[] {
  const path = networkNamespace.replace(/net$/, 'user');
  const own = statSync('/proc/self/ns/user').ino;
  return statSync(path).ino === own ? [] : [`--user=${path}`, '--preserve-credentials'];
}

/** The address of a container in its only network. */
export function addressOf({ name, endpoints }: ContainerInfo): string {
  const address = endpoints[0]?.ipv4;
  if (address === undefined || address === null) throw new Error(`container ${name} has no address`);
  return address;
}
