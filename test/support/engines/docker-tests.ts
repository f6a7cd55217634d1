import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { createDocker } from '../../../src/docker/create-docker.ts';
import { surroundingEngine } from './engine.ts';
import { askEngine, removeFromEngine } from './engine-api.ts';
import { ensureImages } from './images.ts';

const run = promisify(execFile);

/**
 * A group of tests that needs an engine: skipped without `WF_TEST_DOCKER=1` (see with-engine.mjs). The test images are
 * present. On an engine that only the tests use, the group must leave containers, networks and links unchanged.
 */
export function describeDocker(name: string, tests: () => void): void {
  describe.skipIf(process.env['WF_TEST_DOCKER'] !== '1')(name, () => {
    let before: EngineState | undefined;
    beforeAll(async () => {
      await ensureImages(dockerHost());
      // On a shared engine, other clients may change the state.
      if (surroundingEngine() !== undefined) before = await engineState();
    });
    afterAll(async () => {
      if (before !== undefined) expect(await engineState(), 'what the tests left behind').toEqual(before);
    });
    tests();
  });
}

/** The engine that the tests run in. */
export function dockerHost(): string {
  const host = process.env['DOCKER_HOST'];
  if (host === undefined) throw new Error('WF_TEST_DOCKER is set, but not DOCKER_HOST');
  return host;
}

/** Runs the docker client, and returns its output. Throws if it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args);
  return stdout.trim();
}

/** Returns the id of the engine, as records of changes contain it. */
export function engineId(): Promise<string> {
  return createDocker(process.env).engineId();
}

/** Whether the engine knows the object (`container`, `network`, `image`). */
export async function dockerKnows(what: 'container' | 'network' | 'image', idOrName: string): Promise<boolean> {
  return (
    (await askEngine(`/${what}s/${encodeURIComponent(idOrName)}${what === 'network' ? '' : '/json'}`)) !== undefined
  );
}

/** A filter of the engine. */
type Filter = { readonly name: string } | { readonly label: string };

/** Removes the containers that match, e.g. by a part of their names. */
export async function removeContainers(filter: Filter): Promise<void> {
  const ids = await idsOf(`/containers/json?all=1&${queryOf(filter)}`);
  for (const id of ids) await removeFromEngine(`/containers/${id}?force=1&v=1`);
}

/** The same of networks. */
export async function removeNetworks(filter: Filter): Promise<void> {
  for (const id of await idsOf(`/networks?${queryOf(filter)}`)) await removeFromEngine(`/networks/${id}`);
}

/** The same of volumes. */
export async function removeVolumes(filter: Filter): Promise<void> {
  for (const name of await volumeNames(filter)) await removeFromEngine(`/volumes/${name}`);
}

const volumesSchema = z.object({ Volumes: z.array(z.object({ Name: z.string() })).nullable() });

/** Names of the volumes that match, or of all. */
export async function volumeNames(filter?: Filter): Promise<string[]> {
  const { Volumes } = volumesSchema.parse(await askEngine(`/volumes?${filter === undefined ? '' : queryOf(filter)}`));
  return (Volumes ?? []).map(({ Name }) => Name).toSorted();
}

function queryOf(filter: Filter): string {
  const listed = Object.entries(filter).map(([key, value]) => [key, [value]]);
  return `filters=${encodeURIComponent(JSON.stringify(Object.fromEntries(listed)))}`;
}

/** One value of `docker inspect`, by a Go template. */
export function dockerInspect(idOrName: string, template: string): Promise<string> {
  return docker('inspect', '--format', template, idOrName);
}

const linkSchema = z.object({ ifname: z.string(), master: z.string().optional(), ifalias: z.string().optional() });
const linksSchema = z.array(linkSchema);

/** The links of this network namespace according to `ip`. */
export async function links(): Promise<Array<z.infer<typeof linkSchema>>> {
  const { stdout } = await run('ip', ['-json', 'link']);
  return linksSchema.parse(JSON.parse(stdout));
}

/** Names of the links of this network namespace. */
export async function linkNames(): Promise<string[]> {
  return (await links()).map(({ ifname }) => ifname).sort();
}

interface EngineState {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly links: readonly string[];
}

const idsSchema = z.array(z.object({ Id: z.string() }));

async function idsOf(list: string): Promise<string[]> {
  return idsSchema
    .parse(await askEngine(list))
    .map(({ Id }) => Id)
    .sort();
}

async function engineState(): Promise<EngineState> {
  const [containers, networks, names] = await Promise.all([
    idsOf('/containers/json?all=1'),
    idsOf('/networks'),
    linkNames(),
  ]);
  return { containers, networks, links: names };
}
