import type { NetworkInfo } from '../engine/ports/docker.ts';

/** The name that Docker gives to the bridge of a network: `br-` and the first 12 hex digits of the network's id. */
export function bridgeOf(networkId: string): string {
  return `br-${networkId.slice(0, 12)}`;
}

/** The bridge of a network: its own name for it (as `docker0`) where it has one. */
export function bridgeNameOf(network: Pick<NetworkInfo, 'id' | 'options'>): string {
  return network.options['com.docker.network.bridge.name'] ?? bridgeOf(network.id);
}
