import { WfError } from '../../../engine/model/errors.ts';
import { pause } from '../../../engine/ports/clock.ts';
import type { ContainerInfo } from '../../../engine/ports/docker.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { findNamespaceOfPid } from '../../../host/namespaces/namespace.ts';
import type { ContainerHandle } from '../../container-handle.ts';
import { shortId } from '../names.ts';

const NOTICED_WITHIN_MS = 2_000;
const POLL_MS = 20;

interface Addresses {
  ipv4: string;
  prefixLength: number;
  mac: string;
  /** Null in an overlay network. */
  gateway: string | null;
}

/**
 * Returns the handle of a container and its addresses in one network; `exited` if its process has ended, even during this call.
 * @throws WfError E_CONTAINER_CHANGED if the container is neither running nor exited (paused, restarting, being removed) or was
 * restarted meanwhile; E_DOCKER if it is not attached to the network.
 */
export async function runningContainer(
  container: ContainerInfo,
  networkId: string,
  context: HostContext,
): Promise<(ContainerHandle & Addresses) | 'exited'> {
  const { id, name, pid, startedAt, status } = container;
  if (status === 'exited') return 'exited';
  if (status !== 'running' || pid === 0) {
    throw new WfError('E_CONTAINER_CHANGED', `container ${name} (${shortId(id)}) is ${status}, not running`, {
      hint:
        status === 'paused'
          ? `Unpause it with \`docker unpause ${name}\`, then resume the run.`
          : `Inspect it with \`docker inspect ${name}\`, then resume the run.`,
      transient: status === 'restarting' || status === 'removing',
      details: { id, status },
    });
  }
  const namespace = findNamespaceOfPid(pid);
  // The pid may belong to another process by the time /proc is read.
  const again = await (namespace === null ? waitForExit(container, context) : context.host.docker.container(id));
  if (again?.status === 'exited') return 'exited';
  if (namespace === null || again === null || again.pid !== pid || again.startedAt !== startedAt) {
    throw new WfError('E_CONTAINER_CHANGED', `container ${name} (${shortId(id)}) changed while wf inspected it`, {
      hint: `Check \`docker logs ${name}\`, then resume the run.`,
      transient: true,
      details: { id },
    });
  }
  return { id, name, startedAt, pid, namespace, ...addressesIn(container, networkId) };
}

/** Returns a container whose process has ended, once the engine has noticed: in milliseconds, or tenths of a second on a busy machine. */
async function waitForExit({ id, startedAt }: ContainerInfo, { host, signal }: HostContext) {
  const until = host.clock.now() + NOTICED_WITHIN_MS;
  for (;;) {
    const seen = await host.docker.container(id);
    const isUnnoticed = seen?.status === 'running' && seen.startedAt === startedAt;
    if (!isUnnoticed || host.clock.now() >= until || signal.aborted) return seen;
    await pause(host.clock, POLL_MS, signal);
  }
}

function addressesIn({ id, name, endpoints }: ContainerInfo, networkId: string): Addresses {
  const endpoint = endpoints.find((candidate) => candidate.networkId === networkId);
  if (endpoint === undefined) {
    throw new WfError(
      'E_DOCKER',
      `container ${name} (${shortId(id)}) is not attached to network ${shortId(networkId)}`,
      {
        hint: `Attach it with \`docker network connect ${shortId(networkId)} ${name}\`, then resume the run; or roll the run back.`,
        details: { id, networkId },
      },
    );
  }
  const { ipv4, prefixLength, mac, gateway } = endpoint;
  if (ipv4 === null || prefixLength === null || mac === null) {
    throw new WfError(
      'E_DOCKER',
      `container ${name} (${shortId(id)}) has no address in network ${endpoint.network} yet`,
      {
        hint: `Inspect it with \`docker inspect ${name}\`, then resume the run.`,
        transient: true,
        details: { id, networkId },
      },
    );
  }
  return { ipv4, prefixLength, mac, gateway };
}
