import type { Host } from './input.ts';
import { parallel, sequence } from './machine-parts.ts';
import { plugSteps } from './overlay.ts';
import { tunnelSteps } from './tunnel.ts';

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
const segmentOf = (host: Host, steps: readonly string[]) =>
  sequence({
    [`${host}RemoveSegment`]: {
      src: 'revertSteps',
      input: { steps: [...steps, `${host}BridgeUp`, `${host}Bridge`] },
    },
    [`${host}SegmentGone`]: {
      src: `${host}.observeLinksGone` as const,
      input: ({ context: { input } }) => ({ links: [input.vxlanLink, input.bridge] }),
    },
    [`${host}RemoveNetwork`]: { src: 'revertSteps', input: { steps: [`${host}Network`] } },
  });

/** Takes everything down: containers, overlay, networks, and last the cable. */
export const teardown = sequence({
  containers: parallel({
    alpha: containerOf('alpha'),
    beta: containerOf('beta'),
    stranger: sequence({
      removeStranger: { src: 'revertSteps', input: { steps: ['strangerContainer', 'strangerNetwork'] } },
    }),
  }),
  segments: parallel({
    alpha: segmentOf('alpha', ['countSent', ...tunnelSteps('alpha')]),
    beta: segmentOf('beta', ['countArrived', ...tunnelSteps('beta', 'Mended')]),
  }),
  removeCable: {
    src: 'revertSteps',
    input: {
      steps: [
        ...['betaUnderlayUp', 'betaUnderlayAddress', 'alphaUnderlayUp', 'alphaUnderlayAddress'],
        ...['plugIntoBeta', 'createCable'],
      ],
    },
  },
  hostsAlone: parallel({
    alphaAlone: { src: 'alpha.observeLinks', input: { only: ['lo'] } },
    betaAlone: { src: 'beta.observeLinks', input: { only: ['lo'] } },
  }),
});
