import { parallel, revert, sequence } from '../machine-parts.ts';

/** Removes containers and networks, and takes the Swarm apart: the worker leaves first. */
export const teardownOnDocker = sequence({
  containers: parallel({
    removeAlphaContainers: revert('alphaOverlayContainer', 'strangerOnAlpha', 'alphaEncrypted'),
    removeBetaContainers: revert('betaOverlayContainer', 'strangerOnBeta', 'betaEncrypted'),
  }),
  removeEspCounters: { when: 'canEncrypt', ...revert('countEncrypted', 'countDecrypted') },
  removeOverlays: revert('overlayNetwork', 'strangerOverlay', 'encryptedOverlay'),
  betaLeaves: revert('joinSwarm'),
  alphaLeaves: revert('initSwarm'),
});
