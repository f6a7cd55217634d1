import { parallel, revert, sequence } from '../machine-parts.ts';

/** Removes containers and networks, and dissolves the Swarm: the worker leaves first. */
export const teardownOnDocker = sequence({
  containers: parallel({
    removeAlphaContainer: revert('alphaOverlayContainer'),
    removeBetaContainer: revert('betaOverlayContainer'),
    removeStrangerOnAlpha: revert('strangerOnAlpha'),
    removeStrangerOnBeta: revert('strangerOnBeta'),
    removeEncrypted: {
      when: 'canEncrypt',
      ...revert('alphaEncrypted', 'betaEncrypted', 'countEncrypted', 'countDecrypted'),
    },
  }),
  networks: parallel({
    removeOverlays: revert('overlayNetwork', 'strangerOverlay', 'encryptedOverlay'),
    betaLeaves: revert('joinSwarm'),
  }),
  alphaLeaves: revert('initSwarm'),
});
