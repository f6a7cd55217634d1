import { bridgeNameOf } from '../docker/bridge-name.ts';
import { asWfError, WfError } from '../engine/model/errors.ts';
import { type Evidence, evidenceOf } from '../engine/model/evidence.ts';
import { linkAliasOf, ROUTE_PROTOCOL } from '../engine/model/identity/mark.ts';
import type { RunId } from '../engine/model/ids.ts';
import { noSuchHost } from '../engine/place/no-such-host.ts';
import type { ContainerInfo } from '../engine/ports/docker.ts';
import type { HostContext, HostPorts } from '../engine/workflow/step.ts';
import { requireSuccess } from '../host/commands/checked-command.ts';
import { readRoutesOfProtocol } from '../host/ip/exact-route.ts';
import { readLinks } from '../host/ip/link.ts';
import { isAlive } from '../host/processes/process.ts';
import { endPrivateHost } from '../runtime/embedded/client/end-private-host.ts';
import { removeEngineCgroups } from '../runtime/embedded/client/engine/engine-cgroups.ts';
import { asCommand } from '../steps/docker/client-output.ts';
import { disconnectOwn } from '../steps/docker/connect.ts';
import { refuseForeignJoined } from '../steps/docker/container/removal.ts';
import { isOurs, withoutMark } from '../steps/docker/engine/ownership.ts';
import { shortId } from '../steps/docker/names.ts';
import { networkGone, removeOwnNetwork } from '../steps/docker/network-removal.ts';
import { removeOwnVolume } from '../steps/docker/volume.ts';
import { markedConnections } from './find-marked.ts';
import type { MarkedDockerObject, MarkedLink, MarkedObject, MarkedRoute } from './marked-object.ts';
import { isSwarmMarked, removeMarkedSwarm } from './marked-swarm.ts';

/** `removed`: the object is gone, no matter who removed it. */
export type Removal = { readonly status: 'removed' } | { readonly status: 'stuck'; readonly reason: string };

/** An `ip` command that alters the host takes milliseconds. */
const COMMAND_TIMEOUT_MS = 10_000;

/**
 * Removes one marked object: checks its identity and mark right before the removal, and checks again after it. An object without
 * its mark is left alone. Never throws for an answer of the host.
 */
export async function removeMarked(
  object: MarkedObject,
  host: HostPorts,
  record: (evidence: Evidence) => void,
): Promise<Removal> {
  try {
    await removeBySort(object, host, record);
    if (!(await exists(object, host))) return { status: 'removed' };
    return { status: 'stuck', reason: 'it still exists after its removal' };
  } catch (thrown) {
    const { message } = asWfError(thrown);
    return (await isGone(object, host)) ? { status: 'removed' } : { status: 'stuck', reason: message };
  }
}

async function removeBySort(
  object: MarkedObject,
  host: HostPorts,
  record: (evidence: Evidence) => void,
): Promise<void> {
  switch (object.kind) {
    case 'private-host':
      await endPrivateHost(object.process);
      return removeEngineCgroups(object.name);
    case 'container':
      return removeContainer(object, contextFor(object.run, host, record));
    case 'connection': {
      const { containerId, container, networkId, network, run } = object;
      const made = { containerId, container, networkId, network, endpointId: null, startedAt: null };
      return disconnectOwn(made, contextFor(run, host, record));
    }
    case 'network':
      return removeNetwork(object, contextFor(object.run, host, record));
    case 'swarm':
    case 'swarm-node':
      return removeMarkedSwarm(object, contextFor(object.run, host, record));
    case 'volume':
      return removeOwnVolume(object.name, false, contextFor(object.run, host, record));
    case 'link':
    case 'route':
      if (!(await exists(object, host))) return;
      return runRemoval(object, host, record);
  }
}

async function removeContainer(object: MarkedDockerObject, context: HostContext): Promise<void> {
  const { docker } = context.host;
  const container = await docker.container(object.id);
  if (container === null) return;
  if (container.doubtfulRun === context.run) throw doubtful(container);
  if (!isOurs(container, context.run)) throw withoutMark('container', container, context.run);
  await refuseForeignJoined(container, context);
  await asCommand(
    context,
    object.undo,
    () => docker.removeContainer(object.id, 'keep'),
    () => object.name,
  );
}

function doubtful({ id, name, image }: ContainerInfo): WfError {
  return new WfError('E_FOREIGN', `${name}: the label of the run may come from its image ${image}, which is gone`, {
    hint: `If it is not needed, remove it with \`docker rm --force ${shortId(id)}\`.`,
    details: { id, name },
  });
}

async function removeNetwork(object: MarkedDockerObject, context: HostContext): Promise<void> {
  const network = await context.host.docker.network(object.id);
  if (network === null) return;
  await removeOwnNetwork(network, context, object.undo.at(-1));
  await networkGone(network.id, network.name, bridgeNameOf(network), context);
}

async function runRemoval(
  object: MarkedLink | MarkedRoute,
  { command }: HostPorts,
  record: (evidence: Evidence) => void,
): Promise<void> {
  const result = await command.run(object.undo, { timeoutMs: COMMAND_TIMEOUT_MS });
  record(evidenceOf(result));
  requireSuccess(result, COMMAND_TIMEOUT_MS);
}

/** Returns whether the object still exists with its mark. @throws WfError if that is unknown. */
async function exists(object: MarkedObject, { docker, command }: HostPorts): Promise<boolean> {
  switch (object.kind) {
    case 'private-host':
      return isAlive(object.process);
    case 'container':
      return (await docker.container(object.id)) !== null;
    case 'connection': {
      const container = await docker.container(object.containerId);
      return container !== null && markedConnections(container).some(({ id }) => id === object.id);
    }
    case 'network':
      return (await docker.network(object.id)) !== null;
    case 'swarm':
    case 'swarm-node':
      return isSwarmMarked(object, docker);
    case 'volume': {
      const volume = await docker.volume(object.name);
      return volume !== null && isOurs(volume, object.run);
    }
    case 'link': {
      const { id, name, run } = object;
      const links = await readLinks(command);
      // The name counts, too, because the command uses it.
      return links.some((link) => String(link.ifindex) === id && link.name === name && link.alias === linkAliasOf(run));
    }
    case 'route': {
      const routes = await readRoutesOfProtocol(command, object.family, ROUTE_PROTOCOL);
      return routes.some((words) => words.join(' ') === object.id);
    }
  }
}

/** A failed observation does not prove that it is gone. */
async function isGone(object: MarkedObject, host: HostPorts): Promise<boolean> {
  try {
    return !(await exists(object, host));
  } catch {
    return false;
  }
}

function contextFor(run: RunId, host: HostPorts, record: (evidence: Evidence) => void): HostContext {
  return { run, host, named: noOther, signal: new AbortController().signal, record, progress: () => {} };
}

function noOther(name: string): never {
  throw noSuchHost(name, []);
}
