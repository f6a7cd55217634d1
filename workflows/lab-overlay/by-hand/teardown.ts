import type { Host } from '../input.ts';
import { parallel, revert, sequence } from '../machine-parts.ts';
import { plugSteps } from './overlay.ts';
import { tunnelLink, tunnelSettings, type Variant } from './tunnel.ts';

/** Waits for the pair, which ends with the namespace of its container, and settles its changes in the ledger. */
const pairOf = (host: Host) =>
  sequence({
    [`${host}PairVanishes`]: {
      src: `${host}.observeLinksGone` as const,
      input: ({ context }) => ({ links: [context.input.hostLink] }),
    },
    [`${host}SettlePair`]: revert(...plugSteps(host)),
  });

/** Removes a host's container, then what made the host a part of the overlay, and its network. */
const partOf = (host: Host, variant: Variant) =>
  sequence({
    [`${host}RemoveContainer`]: revert(`${host}Container`),
    rest: parallel({
      pair: pairOf(host),
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
