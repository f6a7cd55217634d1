import type { Host } from '../input.ts';
import { parallel, revert, sequence } from '../machine-parts.ts';
import { plugSteps } from './overlay.ts';
import { tunnelLink, tunnelSettings, type Variant } from './tunnel.ts';

/** Removes a host's container, then its tunnel, bridge and network. */
const partOf = (host: Host, variant: Variant) =>
  sequence({
    [`${host}RemoveContainer`]: revert(`${host}Container`),
    rest: parallel({
      // The pair vanishes with the namespace of the container. A TCP connection whose other end is gone keeps that for two minutes.
      [`${host}SettlePair`]: revert(...plugSteps(host)),
      [`${host}RemoveTunnel`]: revert(tunnelLink(host, variant)),
      [`${host}RemoveBridge`]: revert(`${host}Bridge`),
      [`${host}RemoveNetwork`]: revert(`${host}Network`),
    }),
  });

/** Removes containers, tunnels, bridges and networks. Settings vanish with their links. */
export const teardownByHand = parallel({
  removeStranger: revert('strangerContainer', 'strangerNetwork'),
  alpha: partOf('alpha', ''),
  beta: partOf('beta', 'Repaired'),
});

/** Steps whose changes vanish with tunnels and bridges. */
export const settledByHand: readonly string[] = [
  ...[...tunnelSettings('alpha'), 'alphaBridgeUp'],
  ...[...tunnelSettings('beta', 'Repaired'), 'betaBridgeUp'],
];
