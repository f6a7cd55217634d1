import type { NetworkInfo } from '../engine/ports/docker.ts';

/** Returns Docker's name for the bridge of a network: `br-` and the first 12 hex digits of the network's id. */
export function bridgeOf(networkId: string): string {
  return `br-${networkId.slice(0, 12)}`;
}

/** Returns the bridge of a network: the configured name (as `docker0`), otherwise Docker's default. */
export function bridgeNameOf(network: Pick<NetworkInfo, 'id' | 'options'>): string {
  return network.options['com.docker.network.bridge.name'] ?? bridgeOf(network.id);
}
