import { settledByHand, teardownByHand } from './by-hand/teardown.ts';
import { type Host, linksBefore } from './input.ts';
import { eitherWay, parallel, revert, sequence } from './machine-parts.ts';
import { teardownOnDocker } from './on-docker/teardown.ts';

/** Checks that a host has only the links from before the run. */
const alone = (host: Host) =>
  sequence({
    [`${host}Alone`]: {
      src: `${host}.observeLinks` as const,
      input: ({ context }) => ({ only: linksBefore(context.input) }),
    },
  });

const cable = parallel({
  // Removes both ends.
  removeCable: revert('createCable'),
  settleSegments: { when: 'byHand', ...revert(...settledByHand) },
});

/** Removes containers, overlay and networks, and last the cable. */
export const teardown = sequence({
  overlay: parallel({
    removeCounters: revert('countSent', 'countArrived'),
    overlay: eitherWay({ byHand: teardownByHand, onDocker: teardownOnDocker }),
  }),
  cable: { when: 'hasCable', ...cable },
  alone: parallel({
    settleCable: {
      when: 'hasCable',
      ...revert('betaUnderlayUp', 'betaUnderlayAddress', 'alphaUnderlayUp', 'alphaUnderlayAddress', 'plugIntoBeta'),
    },
    alpha: alone('alpha'),
    beta: alone('beta'),
  }),
});
