import type { Host } from './input.ts';
import { parallel, sequence } from './machine-parts.ts';
import { plugSteps } from './overlay.ts';
import { tunnelLink, tunnelSettings, type Variant } from './tunnel.ts';

const revert = (...steps: readonly string[]) => ({ src: 'revertSteps' as const, input: { steps: [...steps] } });

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

/** Takes everything down: containers, overlay and networks, and last the cable. Settings end with their links. */
export const teardown = sequence({
  containers: parallel({
    alpha: containerOf('alpha'),
    beta: containerOf('beta'),
    removeStranger: revert('strangerContainer', 'strangerNetwork'),
    removeCounters: revert('countSent', 'countArrived'),
  }),
  segments: parallel({ alpha: segmentOf('alpha', ''), beta: segmentOf('beta', 'Mended') }),
  cable: parallel({
    removeCable: revert('plugIntoBeta', 'createCable'),
    alphaSettleSegment: revert(...tunnelSettings('alpha'), 'alphaBridgeUp'),
    betaSettleSegment: revert(...tunnelSettings('beta', 'Mended'), 'betaBridgeUp'),
  }),
  alone: parallel({
    settleCable: revert('betaUnderlayUp', 'betaUnderlayAddress', 'alphaUnderlayUp', 'alphaUnderlayAddress'),
    alphaAlone: { src: 'alpha.observeLinks', input: { only: ['lo'] } },
    betaAlone: { src: 'beta.observeLinks', input: { only: ['lo'] } },
  }),
});
