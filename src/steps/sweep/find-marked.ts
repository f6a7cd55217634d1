import { WfError } from '../../engine/errors.ts';
import { ROUTE_PROTOCOL, runOfLinkAlias } from '../../engine/mark.ts';
import type { ContainerInfo, NetworkInfo } from '../../engine/ports/docker.ts';
import type { HostPorts } from '../../engine/step.ts';
import { type FoundPrivateHost, findPrivateHosts } from '../../host/embedded/find-private-host.ts';
import { runOfPrivateHost } from '../../host/embedded/names.ts';
import { readRoutesOfProtocol } from '../../host/ip/exact-route.ts';
import { type AddressFamily, type Link, readLinks } from '../../host/ip/link.ts';
import { shortId } from '../docker/names.ts';
import { runOf } from '../docker/ownership.ts';
import {
  type MarkedDockerObject,
  type MarkedLink,
  type MarkedObject,
  type MarkedPrivateHost,
  type MarkedRoute,
  markedRun,
  wordAfter,
} from './marked-object.ts';

/** What was found, and why Docker was not asked: null where it was. */
export interface Findings {
  readonly objects: readonly MarkedObject[];
  readonly withoutDocker: WfError | null;
}

/**
 * All that carries a run's mark on this host, in the order in which it can be removed: private hosts, containers whatever their
 * state, links (an alias `wf.run=RUN`), routes (protocol 119, of all tables), networks. What is inside the containers goes with
 * them.
 * @throws WfError where a part of the host cannot be read: that is not "nothing there". Where no Docker engine answers, it is said.
 */
export async function findMarked(host: HostPorts): Promise<Findings> {
  const [docker, links] = await Promise.all([dockerObjects(host), readLinks(host.command)]);
  const { containers, networks, withoutDocker } = docker;
  const routes = await Promise.all((['inet', 'inet6'] as const).map((family) => markedRoutes(host, family, links)));
  const objects = [
    ...findPrivateHosts().flatMap(markedPrivateHost),
    ...containers.flatMap((container) => markedDockerObject('container', container)),
    ...links.flatMap(markedLink),
    ...routes.flat(),
    ...networks.flatMap((network) => markedDockerObject('network', network)),
  ];
  return { objects, withoutDocker };
}

async function dockerObjects({ docker }: HostPorts) {
  try {
    const [containers, networks] = await Promise.all([docker.containers(), docker.networks()]);
    return { containers, networks, withoutDocker: null };
  } catch (thrown) {
    if (!(thrown instanceof WfError) || thrown.code !== 'E_DOCKER_UNREACHABLE') throw thrown;
    return { containers: [], networks: [], withoutDocker: thrown };
  }
}

function markedPrivateHost({ mark, process }: FoundPrivateHost): readonly MarkedPrivateHost[] {
  const run = markedRun(runOfPrivateHost(mark));
  if (run === null) return [];
  const undo = ['kill', '-KILL', String(process.pid)] as const;
  return [{ kind: 'private-host', id: mark, name: `of process ${process.pid}`, run, process, undo }];
}

function markedDockerObject(
  kind: MarkedDockerObject['kind'],
  object: ContainerInfo | NetworkInfo,
): readonly MarkedDockerObject[] {
  const { id, name } = object;
  const run = markedRun(runOf(object));
  if (run === null) return [];
  const removal = kind === 'container' ? (['rm', '--force', '--volumes'] as const) : (['network', 'rm'] as const);
  return [{ kind, id, name, run, undo: ['docker', ...removal, shortId(id)] }];
}

function markedLink({ ifindex, name, alias }: Link): readonly MarkedLink[] {
  const run = markedRun(runOfLinkAlias(alias));
  if (run === null) return [];
  return [{ kind: 'link', id: String(ifindex), name, run, undo: ['ip', 'link', 'delete', 'dev', name] }];
}

async function markedRoutes(
  { command }: HostPorts,
  family: AddressFamily,
  links: readonly Link[],
): Promise<readonly MarkedRoute[]> {
  const routes = await readRoutesOfProtocol(command, family, ROUTE_PROTOCOL);
  return routes.map((words): MarkedRoute => {
    const link = links.find(({ name }) => name === wordAfter(words, 'dev'));
    const id = words.join(' ');
    const undo = ['ip', family === 'inet' ? '-4' : '-6', 'route', 'delete', ...words] as const;
    return { kind: 'route', id, name: id, run: markedRun(runOfLinkAlias(link?.alias)), family, words, undo };
  });
}
