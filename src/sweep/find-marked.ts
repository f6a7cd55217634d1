import { bridgeNameOf } from '../docker/bridge-name.ts';
import { isDockerInstalled } from '../docker/is-installed.ts';
import { asWfError, type WfError } from '../engine/model/errors.ts';
import { linkAliasOf, ROUTE_PROTOCOL, RUN_LABEL, runOfLinkAlias } from '../engine/model/identity/mark.ts';
import type { ContainerInfo, DockerPort, NetworkInfo, VolumeInfo } from '../engine/ports/docker.ts';
import { runOfPrivateHostMark } from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { readRoutesOfProtocol } from '../host/ip/exact-route.ts';
import { type AddressFamily, type Link, readLinks } from '../host/ip/link.ts';
import { type FoundPrivateHost, findPrivateHosts } from '../runtime/embedded/client/find-private-host.ts';
import { checkLocalBridges } from '../steps/docker/engine/local-bridges.ts';
import { runOf } from '../steps/docker/engine/ownership.ts';
import { shortId } from '../steps/docker/names.ts';
import { isSwarmNetwork } from '../steps/docker/swarm/membership.ts';
import {
  type MarkedConnection,
  type MarkedDockerObject,
  type MarkedLink,
  type MarkedObject,
  type MarkedPrivateHost,
  type MarkedRoute,
  markedRun,
  wordAfter,
} from './marked-object.ts';
import { markedSwarm } from './marked-swarm.ts';
import type { SweptHost } from './swept-hosts.ts';

/** Marked objects of this host. */
export interface Marked {
  readonly objects: readonly MarkedObject[];
  /** Error of an unreachable Docker engine, whose objects are then missing; null if it answered or there is none. */
  readonly unread: WfError | null;
}

/**
 * Finds all objects of this host with a run's mark, in the order of their removal: private hosts with their contents; containers in any
 * state, connections of other containers, overlay networks and memberships in swarms, links (an alias `wf.run=RUN`), routes (protocol 119,
 * of all tables), networks, volumes. Objects inside containers go with them.
 * @throws WfError E_DOCKER_NOT_LOCAL if Docker objects are marked and wf runs elsewhere than the engine, where it may not see the
 * runs that use them; others if a part of the host cannot be read: that is not "nothing there"
 */
export async function findMarked({ name, ports: host, hasOwnLinks }: SweptHost): Promise<Marked> {
  const [{ containers, networks, volumes, swarm, isManager, unread }, links] = await Promise.all([
    dockerObjects(host.docker),
    hasOwnLinks ? readLinks(host.command) : [],
  ]);
  const ofDocker = [
    ...containers.flatMap(markedContainer),
    ...containers.flatMap(markedConnections),
    ...networks.filter((network) => isManager || !isSwarmNetwork(network)).flatMap(markedNetwork),
    ...swarm,
    ...volumes.flatMap(markedVolume),
  ];
  const isOfSwarm = ({ kind, id }: MarkedObject) =>
    networks.some((network) => network.id === id && isSwarmNetwork(network)) || kind.startsWith('swarm');
  if (ofDocker.length > 0) await requireLocalEngine(host);
  const families = hasOwnLinks ? (['inet', 'inet6'] as const) : [];
  const routes = await Promise.all(families.map((family) => markedRoutes(host, family, links)));
  const objects = [
    // Private hosts belong to the machine, whichever host is swept.
    ...(name === null ? findPrivateHosts().flatMap(markedPrivateHost) : []),
    ...ofDocker.filter(({ kind }) => kind === 'container' || kind === 'connection'),
    ...ofDocker.filter(isOfSwarm),
    ...links.flatMap(markedLink),
    ...routes.flat(),
    // A volume after the containers that use it.
    ...ofDocker.filter((object) => (object.kind === 'network' || object.kind === 'volume') && !isOfSwarm(object)),
  ];
  return { objects, unread };
}

/** One bridge that is named after its network's id proves it: others may have been removed by hand. */
async function requireLocalEngine(host: HostPorts): Promise<void> {
  const [networks, links] = await Promise.all([host.docker.networks(), readLinks(host.command)]);
  const bridges = new Set(networks.filter(({ driver }) => driver === 'bridge').map(bridgeNameOf));
  if (links.some(({ name }) => name.startsWith('br-') && bridges.has(name))) return;
  const local = await checkLocalBridges(host);
  if (!local.met) throw local.error;
}

/** An engine that does not answer does not prevent the rest from being swept. */
async function dockerObjects(docker: DockerPort) {
  try {
    const [containers, networks, volumes, swarm] = await Promise.all([
      docker.containers(),
      docker.networks(),
      docker.volumes(),
      markedSwarm(docker),
    ]);
    // A worker cannot remove networks of the swarm: its manager has them.
    const { isManager } = await docker.swarm.state();
    return { containers, networks, volumes, swarm, isManager, unread: null };
  } catch (thrown) {
    const error = asWfError(thrown);
    if (error.code !== 'E_DOCKER_UNREACHABLE') throw error;
    return {
      containers: [],
      networks: [],
      volumes: [],
      swarm: [],
      isManager: false,
      unread: isDockerInstalled() ? error : null,
    };
  }
}

function markedPrivateHost({ mark, process }: FoundPrivateHost): readonly MarkedPrivateHost[] {
  const run = markedRun(runOfPrivateHostMark(mark));
  if (run === null) return [];
  const id = String(process.pid);
  const recognisedBy = `the mark ${mark} of process ${id}`;
  return [{ kind: 'private-host', id, name: mark, run, recognisedBy, process, undo: ['kill', '-KILL', id] }];
}

/** Its anonymous volumes may contain data: they are kept. */
function markedContainer(container: ContainerInfo): readonly MarkedDockerObject[] {
  const { id, name, image, doubtfulRun } = container;
  const run = markedRun(runOf(container) ?? doubtfulRun);
  if (run === null) return [];
  const recognisedBy =
    doubtfulRun === undefined
      ? `label ${RUN_LABEL}=${run}, which its image ${image} does not carry`
      : `label ${RUN_LABEL}=${run}, which may come from its missing image ${image}`;
  return [{ kind: 'container', id, name, run, recognisedBy, undo: ['docker', 'rm', '--force', shortId(id)] }];
}

function markedNetwork(network: NetworkInfo): readonly MarkedDockerObject[] {
  const { id, name } = network;
  const run = markedRun(runOf(network));
  if (run === null) return [];
  const recognisedBy = `label ${RUN_LABEL}=${run}`;
  return [{ kind: 'network', id, name, run, recognisedBy, undo: ['docker', 'network', 'rm', shortId(id)] }];
}

function markedVolume(volume: VolumeInfo): readonly MarkedDockerObject[] {
  const { name } = volume;
  const run = markedRun(runOf(volume));
  if (run === null) return [];
  const recognisedBy = `label ${RUN_LABEL}=${run}`;
  return [{ kind: 'volume', id: name, name, run, recognisedBy, undo: ['docker', 'volume', 'rm', name] }];
}

/** Returns the connections of a container that another run made, or a run at all if the container is somebody else's. */
export function markedConnections(container: ContainerInfo): readonly MarkedConnection[] {
  const { id: containerId, name } = container;
  return container.endpoints.flatMap(({ networkId: known, network, options }) => {
    const run = markedRun(options?.[RUN_LABEL]);
    if (run === null || run === runOf(container)) return [];
    // The engine knows only the name of the network while the container has never run.
    const networkId = known === '' ? network : known;
    return [
      {
        kind: 'connection',
        id: `${containerId}:${networkId}`,
        name: `${name} to ${network}`,
        run,
        recognisedBy: `driver option ${RUN_LABEL}=${run}`,
        ...{ containerId, container: name, networkId, network },
        undo: ['docker', 'network', 'disconnect', shortId(networkId), shortId(containerId)],
      },
    ];
  });
}

function markedLink({ ifindex, name, alias }: Link): readonly MarkedLink[] {
  const run = markedRun(runOfLinkAlias(alias));
  if (run === null) return [];
  const recognisedBy = `alias ${linkAliasOf(run)}`;
  return [{ kind: 'link', id: String(ifindex), name, run, recognisedBy, undo: ['ip', 'link', 'delete', 'dev', name] }];
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
    const run = markedRun(runOfLinkAlias(link?.alias));
    return { kind: 'route', id, name: id, run, recognisedBy: `protocol ${ROUTE_PROTOCOL}`, family, words, undo };
  });
}
