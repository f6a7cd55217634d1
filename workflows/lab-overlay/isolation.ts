import { insideNamespaceOf } from 'wf-engine';
import { overlayAddress, PING_SIZES } from './input.ts';
import { arrivedRule } from './look-inside.ts';
import {
  fetchAcross,
  fromHost,
  inContainer,
  keep,
  PINGS,
  parallel,
  pingAcross,
  pingUnderlay,
  READY,
  type Scope,
  SILENCE,
  sequence,
  textOf,
} from './machine-parts.ts';
import { resultOf } from './results.ts';
import { expectVni, tunnel, tunnelLink, tunnelSettings } from './tunnel.ts';

const stranger = ({ context }: Scope) => resultOf(context.found, 'strangerContainer');
const gateway = ({ context }: Scope, host: 'alpha' | 'beta') => resultOf(context.found, `${host}Network`).gateway;

/** Starts a container on another network of alpha, while beta gets a tunnel with another network identifier. */
const prepare = parallel({
  stranger: sequence({
    strangerNetwork: {
      src: 'alpha.dockerNetwork',
      input: ({ context }) => ({ name: context.names.strangerNetwork }),
      onDone: keep('strangerNetwork'),
    },
    strangerContainer: {
      src: 'alpha.dockerContainer',
      input: ({ context }) => ({
        name: context.names.strangerContainer,
        image: context.input.image,
        command: ['-text', context.names.strangerContainer],
        networkId: resultOf(context.found, 'strangerNetwork').id,
        network: context.names.strangerNetwork,
        keepsNamesLocal: true,
      }),
      onDone: keep('strangerContainer'),
    },
  }),
  otherTunnel: sequence({
    removeTunnel: { src: 'revertSteps', input: { steps: [tunnelLink('beta')] } },
    settleTunnel: { src: 'revertSteps', input: { steps: [...tunnelSettings('beta')] } },
    tunnel: tunnel('beta', ({ wrongVni }) => wrongVni, 'Wrong'),
  }),
});

/** Shows that hosts and containers are alive. Without that, their silence proves nothing. */
const controls = parallel({
  controlUnderlay: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingUnderlay(scope, 'alpha'), ...READY }),
    onDone: keep('controlUnderlay'),
  },
  controlAlphaGateway: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ from: inContainer(scope, 'alpha'), to: gateway(scope, 'alpha'), ...PINGS, ...READY }),
    onDone: keep('controlAlphaGateway'),
  },
  controlBetaGateway: {
    src: 'beta.pingProbe',
    input: (scope) => ({ from: inContainer(scope, 'beta'), to: gateway(scope, 'beta'), ...PINGS, ...READY }),
    onDone: keep('controlBetaGateway'),
  },
  controlStranger: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ from: fromHost, to: stranger(scope).ipv4, ...PINGS, ...READY }),
    onDone: keep('controlStranger'),
  },
  readWrongVxlan: {
    src: 'beta.observeVxlan',
    input: expectVni(({ wrongVni }) => wrongVni),
    onDone: keep('readWrongVxlan'),
  },
  readArrivedBeforeWrong: {
    src: 'beta.observeNftCounters',
    input: arrivedRule,
    onDone: keep('readArrivedBeforeWrong'),
  },
});

const attempts = parallel({
  pingWrongVni: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...SILENCE }),
    onDone: keep('pingWrongVni'),
  },
  fetchWrongVni: {
    src: 'beta.httpProbe',
    input: (scope) => ({ ...fetchAcross(scope, 'beta'), ...SILENCE }),
    onDone: keep('fetchWrongVni'),
  },
  pingStranger: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ from: inContainer(scope, 'alpha'), to: stranger(scope).ipv4, ...PINGS, ...SILENCE }),
    onDone: keep('pingStranger'),
  },
  pingFromStranger: {
    src: 'alpha.pingProbe',
    input: (scope) => ({
      from: insideNamespaceOf(stranger(scope)),
      to: overlayAddress(scope.context.input, 'alpha'),
      ...PINGS,
      ...SILENCE,
    }),
    onDone: keep('pingFromStranger'),
  },
});

const onePing = { count: 1, intervalMs: 5, dontFragment: true };

/** Shows that everything works again, and the largest pings that pass: the controls of one that is a byte too large. */
const mended = parallel({
  pingMended: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...READY }),
    onDone: keep('pingMended'),
  },
  fetchMended: {
    src: 'beta.httpProbe',
    input: (scope) => ({ ...fetchAcross(scope, 'beta'), expect: textOf(scope, 'alpha'), ...READY }),
    onDone: keep('fetchMended'),
  },
  readMendedVxlan: {
    src: 'beta.observeVxlan',
    input: expectVni(({ vni }) => vni),
    onDone: keep('readMendedVxlan'),
  },
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
});

/** Shows that another network identifier, another network or a larger packet does not come through. */
export const isolation = sequence({
  prepare,
  controls,
  attempts,
  mend: sequence({
    remove: parallel({
      // No link of beta takes the packets yet.
      readArrivedAfterWrong: {
        src: 'beta.observeNftCounters',
        input: ({ context }) => ({
          ...arrivedRule,
          moreThan: resultOf(context.found, 'readArrivedBeforeWrong').packets,
        }),
        onDone: keep('readArrivedAfterWrong'),
      },
      removeWrongTunnel: { src: 'revertSteps', input: { steps: [tunnelLink('beta', 'Wrong')] } },
    }),
    settleWrongTunnel: { src: 'revertSteps', input: { steps: [...tunnelSettings('beta', 'Wrong')] } },
    tunnel: tunnel('beta', ({ vni }) => vni, 'Mended'),
  }),
  mended,
  mtuTooLarge: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...onePing, size: PING_SIZES.tooLarge, ...SILENCE }),
    onDone: keep('mtuTooLarge'),
  },
});
