import { WfError } from '../../engine/model/errors.ts';
import type { ContainerInfo } from '../../engine/ports/docker.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { pause } from '../../host/machine/clock.ts';
import { namespaceIfThere } from '../../host/namespaces/namespace.ts';
import type { ContainerHandle } from '../container-handle.ts';
import { shortId } from './names.ts';

const NOTICED_WITHIN_MS = 2_000;
const POLL_MS = 20;

interface Addresses {
  ipv4: string;
  prefixLength: number;
  mac: string;
  gateway: string;
}

/**
 * The handle of a container and its addresses in one network; `exited` when its process has ended, be it while it was
 * looked at.
 * @throws WfError E_CONTAINER_CHANGED when it is neither running nor exited (paused, restarting, being removed), or is
 * another start by now; E_DOCKER when it is not attached to the network.
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
          ? `Let it go on with \`docker unpause ${name}\`, then resume the run.`
          : `Look at it with \`docker inspect ${name}\`, then resume the run.`,
      transient: status === 'restarting' || status === 'removing',
      details: { id, status },
    });
  }
  const namespace = namespaceIfThere(pid);
  // Between the engine's answer and the look at /proc, the pid may have become another process.
  const again = await (namespace === null ? onceItsEndIsKnown(container, context) : context.host.docker.container(id));
  if (again?.status === 'exited') return 'exited';
  if (namespace === null || again === null || again.pid !== pid || again.startedAt !== startedAt) {
    throw new WfError('E_CONTAINER_CHANGED', `container ${name} (${shortId(id)}) changed while it was looked at`, {
      hint: `Look at \`docker logs ${name}\`, then resume the run.`,
      transient: true,
      details: { id },
    });
  }
  return { id, name, startedAt, pid, namespace, ...addressesIn(container, networkId) };
}

/** A container whose process has ended, once the engine has noticed: some milliseconds, on a busy machine some tenths of a second. */
async function onceItsEndIsKnown({ id, startedAt }: ContainerInfo, { host, signal }: HostContext) {
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
  if (ipv4 === null || prefixLength === null || mac === null || gateway === null) {
    throw new WfError(
      'E_DOCKER',
      `container ${name} (${shortId(id)}) has no address in network ${endpoint.network} yet`,
      {
        hint: `Look at it with \`docker inspect ${name}\`, then resume the run.`,
        transient: true,
        details: { id, networkId },
      },
    );
  }
  return { ipv4, prefixLength, mac, gateway };
}
