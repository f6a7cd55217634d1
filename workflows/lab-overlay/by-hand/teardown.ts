import type { Host } from '../input.ts';
import { parallel, revert, sequence } from '../machine-parts.ts';
import { plugSteps } from './overlay.ts';
import { tunnelLink, tunnelSettings, type Variant } from './tunnel.ts';

/** Removes a host's container, then what made the host a part of the overlay, and its network. */
const partOf = (host: Host, variant: Variant) =>
  sequence({
    [`${host}RemoveContainer`]: revert(`${host}Container`),
    rest: parallel({
      // It ends with the namespace of the container, which a TCP connection whose other end is gone keeps for two minutes.
      [`${host}SettlePair`]: revert(...plugSteps(host)),
      [`${host}RemoveTunnel`]: revert(tunnelLink(host, variant)),
      [`${host}RemoveBridge`]: revert(`${host}Bridge`),
      [`${host}RemoveNetwork`]: revert(`${host}Network`),
    }),
  });

/** Removes containers, tunnels, bridges and networks. Settings end with their links. */
export const teardownByHand = parallel({
  removeStranger: revert('strangerContainer', 'strangerNetwork'),
  alpha: partOf('alpha', ''),
  beta: partOf('beta', 'Mended'),
});

/** Steps whose changes end with the cable. */
export const settledByHand: readonly string[] = [
  ...[...tunnelSettings('alpha'), 'alphaBridgeUp'],
  ...[...tunnelSettings('beta', 'Mended'), 'betaBridgeUp'],
];
