import type { Host } from './input.ts';
import { parallel, sequence } from './machine-parts.ts';
import { plugSteps } from './overlay.ts';
import { tunnelLink, tunnelSettings, type Variant } from './tunnel.ts';

/** Removes a host's container, and with it the pair that joined it to the bridge. */
const containerOf = (host: Host) =>
  sequence({
    [`${host}RemoveContainer`]: { src: 'revertSteps', input: { steps: [`${host}Container`] } },
    [`${host}PairVanishes`]: {
      src: `${host}.observeLinksGone` as const,
      input: ({ context }) => ({ links: [context.input.hostLink] }),
    },
    // The pair and its settings have ended with the namespace: this settles their changes in the ledger.
    [`${host}SettlePair`]: { src: 'revertSteps', input: { steps: [...plugSteps(host)] } },
  });

/** Removes what made a host a part of the overlay. */
const segmentOf = (host: Host, counting: string, variant: Variant) =>
  sequence({
    [`${host}RemoveSegment`]: {
      src: 'revertSteps',
      input: { steps: [counting, tunnelLink(host, variant), `${host}Bridge`] },
    },
    // Their settings have ended with the links.
    [`${host}SettleSegment`]: {
      src: 'revertSteps',
      input: { steps: [...tunnelSettings(host, variant), `${host}BridgeUp`] },
    },
  });

const networkOf = (host: Host) =>
  sequence({ [`${host}RemoveNetwork`]: { src: 'revertSteps', input: { steps: [`${host}Network`] } } });

/** Takes everything down: containers, overlay and networks, and last the cable. */
export const teardown = sequence({
  containers: parallel({
    alpha: containerOf('alpha'),
    beta: containerOf('beta'),
    stranger: sequence({
      removeStranger: { src: 'revertSteps', input: { steps: ['strangerContainer', 'strangerNetwork'] } },
    }),
  }),
  segments: parallel({
    alpha: segmentOf('alpha', 'countSent', ''),
    beta: segmentOf('beta', 'countArrived', 'Mended'),
    alphaNetwork: networkOf('alpha'),
    betaNetwork: networkOf('beta'),
  }),
  removeCable: { src: 'revertSteps', input: { steps: ['plugIntoBeta', 'createCable'] } },
  settleCable: {
    src: 'revertSteps',
    input: { steps: ['betaUnderlayUp', 'betaUnderlayAddress', 'alphaUnderlayUp', 'alphaUnderlayAddress'] },
  },
  hostsAlone: parallel({
    alphaAlone: { src: 'alpha.observeLinks', input: { only: ['lo'] } },
    betaAlone: { src: 'beta.observeLinks', input: { only: ['lo'] } },
  }),
});
