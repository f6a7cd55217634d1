import { ROUTE_PROTOCOL, runOfLinkAlias } from '../../engine/mark.ts';
import type { ContainerInfo, NetworkInfo } from '../../engine/ports/docker.ts';
import type { HostPorts } from '../../engine/step.ts';
import { readRoutesOfProtocol } from '../../host/ip/exact-route.ts';
import { type AddressFamily, type Link, readLinks } from '../../host/ip/link.ts';
import { shortId } from '../docker/names.ts';
import { runOf } from '../docker/ownership.ts';
import {
  type MarkedDockerObject,
  type MarkedLink,
  type MarkedObject,
  type MarkedRoute,
  markedRun,
  wordAfter,
} from './marked-object.ts';

/**
 * All that carries a run's mark on this host, in the order in which it can be removed: containers whatever their state, links
 * (an alias `wf.run=RUN`), routes (protocol 119, of all tables), networks. What is inside the containers goes with them.
 * @throws WfError where a part of the host cannot be read: that is not "nothing there".
 */
export async function findMarked(host: HostPorts): Promise<readonly MarkedObject[]> {
  const [containers, networks, links] = await Promise.all([
    host.docker.containers(),
    host.docker.networks(),
    readLinks(host.command),
  ]);
  const routes = await Promise.all((['inet', 'inet6'] as const).map((family) => markedRoutes(host, family, links)));
  return [
    ...containers.flatMap((container) => markedDockerObject('container', container)),
    ...links.flatMap(markedLink),
    ...routes.flat(),
    ...networks.flatMap((network) => markedDockerObject('network', network)),
  ];
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
