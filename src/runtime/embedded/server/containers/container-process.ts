import { WfError } from '../../../../engine/model/errors.ts';
import { CONTAINER_VARIABLE, FOLLOWING_MOUNTS } from '../../protocol/names.ts';
import type { Handler } from '../../protocol/peer.ts';
import { type InnerProcess, startInnerProcess } from '../inner-process.ts';

/** The process of a container, in its own namespaces. */
export interface ContainerProcess extends InnerProcess {
  readonly containerId: string;
}

/** Starts a process, and waits until its namespaces are those of a container. @throws WfError E_DOCKER */
export async function startContainerProcess(containerId: string, resolveName: Handler): Promise<ContainerProcess> {
  const process = await startInnerProcess({
    enter: ['unshare', '--net', ...FOLLOWING_MOUNTS, '--uts'],
    program: 'container.cjs',
    env: { [CONTAINER_VARIABLE]: containerId },
    who: `container ${containerId.slice(0, 12)}`,
    handlers: { resolve: resolveName },
    refused: (why) => cannotStart(containerId, why),
  });
  return { ...process, containerId };
}

function cannotStart(containerId: string, why: string): WfError {
  return new WfError('E_DOCKER', `the process of container ${containerId.slice(0, 12)} does not run: ${why}`, {
    hint: 'This machine may be short of memory, processes or namespaces (`sysctl user.max_net_namespaces`): see `wf doctor`.',
    transient: true,
  });
}
