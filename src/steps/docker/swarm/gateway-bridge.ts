import { labelsOf, RUN_LABEL } from '../../../engine/model/identity/mark.ts';
import type { NetworkInfo } from '../../../engine/ports/docker.ts';
import type { HostContext } from '../../../engine/workflow/step.ts';
import { asCommand } from '../client-output.ts';
import { isOurs } from '../engine/ownership.ts';
import { networkGone, removeOwnNetwork } from '../network-removal.ts';
import { lookUntil } from './look-until.ts';

/** Network and bridge through which containers of overlay networks reach the host. An engine in a swarm creates it if it is missing. */
export const GATEWAY = 'docker_gwbridge';

/** The options that the engine itself uses. */
const OPTIONS = {
  'com.docker.network.bridge.name': GATEWAY,
  'com.docker.network.bridge.enable_icc': 'false',
  'com.docker.network.bridge.enable_ip_masquerade': 'true',
};

/** The engine detaches its own endpoints tenths of a second after it has left. */
const UNUSED_WITHIN_MS = 10_000;

/** Returns the gateway bridge if the run created it, otherwise null. */
export async function ownGateway({ host, run }: HostContext): Promise<NetworkInfo | null> {
  const network = await host.docker.network(GATEWAY);
  return network !== null && isOurs(network, run) ? network : null;
}

/**
 * Creates the gateway bridge with the mark of the run, before the engine creates one without. It proves later that the run brought the
 * engine into the swarm, and is removed like any network of the run. Returns its id; null if somebody else created the bridge.
 */
export async function createGateway(context: HostContext): Promise<string | null> {
  const { docker } = context.host;
  const there = await docker.network(GATEWAY);
  if (there !== null) return isOurs(there, context.run) ? there.id : null;
  const options = Object.entries(OPTIONS).flatMap(([name, value]) => ['--opt', `${name}=${value}`]);
  const { id } = await asCommand(
    context,
    ['docker', 'network', 'create', '--label', `${RUN_LABEL}=${context.run}`, ...options, GATEWAY],
    () => docker.createNetwork({ name: GATEWAY, subnet: null, labels: labelsOf(context.run), options: OPTIONS }),
    (created) => created.id,
    (created) => created.id,
  );
  return id;
}

/** Removes the gateway bridge, if the run created it, once the engine has left. @throws WfError E_FOREIGN, E_RESIDUE */
export async function removeGateway(context: HostContext): Promise<void> {
  const isUnused = (gateway: NetworkInfo | null) => gateway === null || gateway.members.length === 0;
  const gateway = await lookUntil(context, UNUSED_WITHIN_MS, () => ownGateway(context), isUnused);
  if (gateway === null) return;
  await removeOwnNetwork(gateway, context);
  await networkGone(gateway.id, GATEWAY, GATEWAY, context);
}
