import { attemptsByHand, controlsByHand, prepareByHand, repairByHand } from './by-hand/isolation.ts';
import { PING_SIZES } from './input.ts';
import { eitherWay, keep, parallel, pingAcross, pingUnderlay, READY, SILENCE, sequence } from './machine-parts.ts';
import { attemptsOnDocker, controlsOnDocker, prepareOnDocker } from './on-docker/isolation.ts';

const onePing = { count: 1, intervalMs: 5, dontFragment: true };

/** Shows the largest pings that pass on the underlay and on the overlay, and that one more byte does not pass. */
const mtu = parallel({
  mtuUnderlay: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingUnderlay(scope, 'alpha'), ...onePing, size: PING_SIZES.underlay, ...READY }),
    onDone: keep('mtuUnderlay'),
  },
  mtuFits: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...onePing, size: PING_SIZES.fits, ...READY }),
    onDone: keep('mtuFits'),
  },
  mtuTooLarge: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...onePing, size: PING_SIZES.tooLarge, ...SILENCE }),
    onDone: keep('mtuTooLarge'),
  },
});

/** Shows that packets with another network identifier, from another network or above the MTU do not pass. */
export const isolation = sequence({
  prepare: eitherWay({ byHand: prepareByHand, onDocker: prepareOnDocker }),
  // Without controls, silence proves nothing.
  controls: parallel({
    controlUnderlay: {
      src: 'alpha.pingProbe',
      input: (scope) => ({ ...pingUnderlay(scope, 'alpha'), ...READY }),
      onDone: keep('controlUnderlay'),
    },
    containers: eitherWay({ byHand: controlsByHand, onDocker: controlsOnDocker }),
  }),
  attempts: eitherWay({ byHand: attemptsByHand, onDocker: attemptsOnDocker }),
  repair: { when: 'byHand', ...repairByHand },
  mtu,
});
