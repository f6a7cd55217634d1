import { WfError } from '../../../engine/model/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import type { NetworkInfo } from '../../../engine/ports/docker.ts';
import type { SwarmState } from '../../../engine/ports/swarm.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { asCommand } from '../client-output.ts';
import { runOf } from '../engine/ownership.ts';
import { GATEWAY } from './gateway-bridge.ts';
import { lookUntil } from './look-until.ts';

/** An engine starts a node in about 0.5 s, and abandons a join after 10 s. */
const SETTLED_WITHIN_MS = 12_000;
const LEFT_WITHIN_MS = 10_000;

/** Leaves the swarm by hand, and removes the gateway bridge of the run. */
export const LEAVE_BY_HAND: readonly Argv[] = [
  ['docker', 'swarm', 'leave', '--force'],
  ['docker', 'network', 'rm', GATEWAY],
];

/** The network of published ports, which an engine creates and removes with its membership. */
const INGRESS = 'ingress';

/** Returns the state of the engine; waits while it is `pending`: a request of a killed process may be under way. */
export function settledState(context: HostContext): Promise<SwarmState> {
  const { swarm } = context.host.docker;
  return lookUntil(context, SETTLED_WITHIN_MS, swarm.state, ({ state }) => state !== 'pending');
}

/**
 * Returns the state of an engine that is a manager, or in no swarm; waits while a manager that has just started does not know its swarm.
 * @throws WfError E_HOST_STATE_UNKNOWN if it does not learn it in time
 */
export async function managerState(context: HostContext): Promise<SwarmState> {
  const { swarm } = context.host.docker;
  const isGood = ({ state, cluster }: SwarmState) => cluster !== null || (state !== 'pending' && state !== 'active');
  const state = await lookUntil(context, SETTLED_WITHIN_MS, swarm.state, isGood);
  if (!isGood(state)) throw unknownSwarm(state);
  return state;
}

function unknownSwarm({ node, state, error }: SwarmState): WfError {
  const why = error === null ? '' : `: ${error}`;
  return new WfError(
    'E_HOST_STATE_UNKNOWN',
    `the engine is node ${node ?? 'without id'} (${state}), and does not know its swarm${why}`,
    {
      hint: 'It is no manager, or most managers are down: check `docker info` and `docker node ls`.',
    },
  );
}

/** Returns the error for an engine in a swarm that the run neither created nor joined. */
export function swarmInUse({ state, node, cluster, isManager, error }: SwarmState): WfError {
  const run = cluster === null ? undefined : runOf(cluster);
  const role = isManager ? 'manager' : 'node';
  const which = cluster === null ? 'a swarm' : `swarm ${cluster.id}`;
  const owner = run === undefined ? '' : `, created by run ${run}`;
  const why = state === 'active' ? '' : `, state ${state}${error === null ? '' : `: ${error}`}`;
  return new WfError(
    'E_SWARM_IN_USE',
    `the engine is a ${role} of ${which} (node ${node ?? 'without id'}${owner}${why})`,
    {
      hint:
        run === undefined
          ? 'Use another engine; or, if the swarm is not needed, leave it with `docker swarm leave --force`.'
          : `Undo that run with \`wf rollback ${run}\`, or use another engine.`,
      details: { node, cluster: cluster?.id ?? null, run: run ?? null },
    },
  );
}

/** Leaves the swarm, and waits until the engine has removed its part of the ingress network. */
export async function leaveSwarm(context: HostContext): Promise<void> {
  const { docker } = context.host;
  await asCommand(
    context,
    ['docker', 'swarm', 'leave', '--force'],
    () => docker.swarm.leave(),
    () => 'Node left the swarm.',
  );
  const observe = async () => {
    const [{ state }, networks] = await Promise.all([docker.swarm.state(), docker.listNetworks()]);
    return { state, hasLeft: state === 'inactive' && !networks.some(isSwarmNetwork) };
  };
  const { state, hasLeft } = await lookUntil(context, LEFT_WITHIN_MS, observe, (seen) => seen.hasLeft);
  if (hasLeft) return;
  throw new WfError('E_RESIDUE', `the engine has left the swarm, but is ${state} and has networks of it`, {
    hint: 'Check `docker info` and `docker network ls`; a restart of the engine removes them.',
  });
}

/**
 * Waits until the engine has created its part of the ingress network in the background. The membership does not need it, but an engine that
 * leaves before keeps the network until it is restarted.
 */
export async function untilIngress(context: HostContext): Promise<void> {
  const { docker } = context.host;
  const isGood = (gateway: NetworkInfo | null) => gateway !== null && gateway.members.length > 0;
  await lookUntil(context, LEFT_WITHIN_MS, () => docker.network(GATEWAY), isGood);
}

/** Returns whether other nodes have the network too. */
export function isSwarmNetwork({ scope }: Pick<NetworkInfo, 'scope'>): boolean {
  return scope === 'swarm';
}

export function isIngress({ name, scope }: Pick<NetworkInfo, 'name' | 'scope'>): boolean {
  return name === INGRESS && scope === 'swarm';
}
