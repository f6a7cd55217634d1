import type { Host } from '../input.ts';
import { parallel, revert, sequence } from '../machine-parts.ts';
import { plugSteps } from './overlay.ts';
import { tunnelLink, tunnelSettings, type Variant } from './tunnel.ts';

/** Removes a host's container, and with it the pair that joined it to the bridge. */
const containerOf = (host: Host) =>
  sequence({
    [`${host}RemoveContainer`]: revert(`${host}Container`),
    [`${host}PairVanishes`]: {
      src: `${host}.observeLinksGone` as const,
      input: ({ context }) => ({ links: [context.input.hostLink] }),
    },
  });

/** Removes what made a host a part of the overlay, and its network. */
const segmentOf = (host: Host, variant: Variant) =>
  parallel({
    [`${host}RemoveSegment`]: revert(tunnelLink(host, variant), `${host}Bridge`),
    [`${host}RemoveNetwork`]: revert(`${host}Network`),
    // The pair and its settings have ended with the namespace: this settles their changes in the ledger.
    [`${host}SettlePair`]: revert(...plugSteps(host)),
  });

/** Removes containers, tunnels, bridges and networks. Settings end with their links. */
export const teardownByHand = sequence({
  containers: parallel({
    alpha: containerOf('alpha'),
    beta: containerOf('beta'),
    removeStranger: revert('strangerContainer', 'strangerNetwork'),
  }),
  segments: parallel({ alpha: segmentOf('alpha', ''), beta: segmentOf('beta', 'Mended') }),
});

/** Steps whose changes end with the cable. */
export const settledByHand: readonly string[] = [
  ...[...tunnelSettings('alpha'), 'alphaBridgeUp'],
  ...[...tunnelSettings('beta', 'Mended'), 'betaBridgeUp'],
];
