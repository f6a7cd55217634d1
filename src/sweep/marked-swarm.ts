import { RUN_LABEL } from '../engine/model/identity/mark.ts';
import type { DockerPort } from '../engine/ports/docker.ts';
import type { HostContext } from '../engine/workflow/step.ts';
import { asCommand } from '../steps/docker/client-output.ts';
import { runOf } from '../steps/docker/engine/ownership.ts';
import { refuseForeignContainers, refuseForeignUsers } from '../steps/docker/swarm/foreign-users.ts';
import { GATEWAY } from '../steps/docker/swarm/gateway-bridge.ts';
import { leaveSwarm } from '../steps/docker/swarm/membership.ts';
import { type MarkedSwarm, markedRun } from './marked-object.ts';

/**
 * Returns the marked nodes in the list of a manager, then the membership of the engine itself. A swarm that a run made has its mark. A
 * worker does not know its swarm: there the gateway bridge has the mark of the run that brought the engine into it.
 */
export async function markedSwarm({ swarm, network }: DockerPort): Promise<readonly MarkedSwarm[]> {
  const { state, node, isManager, cluster } = await swarm.state();
  if (state === 'inactive') return [];
  const nodes = isManager ? await swarm.nodes() : [];
  const ofRun = markedRun(cluster === null ? undefined : runOf(cluster));
  const byGateway = markedRun(runOf((await network(GATEWAY)) ?? { labels: {} }));
  const run = ofRun ?? byGateway;
  const id = node ?? state;
  const recognisedBy = `label ${RUN_LABEL}=${run} of ${ofRun === null ? `network ${GATEWAY}` : 'the swarm'}`;
  return [
    ...nodes.flatMap((listed): readonly MarkedSwarm[] => {
      const owner = markedRun(runOf(listed));
      if (owner === null || listed.id === node) return [];
      const undo = ['docker', 'node', 'rm', '--force', listed.id] as const;
      const mark = `label ${RUN_LABEL}=${owner}`;
      return [{ kind: 'swarm-node', id: listed.id, name: listed.address, run: owner, recognisedBy: mark, undo }];
    }),
    ...(run === null
      ? []
      : [{ kind: 'swarm', id, name: id, run, recognisedBy, undo: ['docker', 'swarm', 'leave', '--force'] } as const]),
  ];
}

/** Leaves the swarm, or removes the node, if it still has the mark of the run. @throws WfError E_FOREIGN if somebody else uses the swarm */
export async function removeMarkedSwarm(object: MarkedSwarm, context: HostContext): Promise<void> {
  const { swarm } = context.host.docker;
  if (!(await isSwarmMarked(object, context.host.docker))) return;
  if (object.kind === 'swarm-node') {
    await asCommand(
      context,
      object.undo,
      () => swarm.removeNode(object.id),
      () => object.id,
    );
    return;
  }
  const state = await swarm.state();
  await (state.isManager ? refuseForeignUsers(state, context) : refuseForeignContainers(context));
  await leaveSwarm(context);
}

/** Returns whether the object still exists with its mark. */
export async function isSwarmMarked({ kind, id, run }: MarkedSwarm, docker: DockerPort): Promise<boolean> {
  return (await markedSwarm(docker)).some((found) => found.kind === kind && found.id === id && found.run === run);
}
