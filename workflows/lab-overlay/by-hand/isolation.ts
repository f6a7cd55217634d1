import { insideNamespaceOf } from 'wf-engine/steps';
import {
  fetchAcross,
  fromHost,
  inContainer,
  keep,
  overlayAddress,
  PINGS,
  parallel,
  pingAcross,
  READY,
  type Scope,
  SILENCE,
  sequence,
  textOf,
} from '../machine-parts.ts';
import { arrivedRule } from '../packet-counts.ts';
import { resultOf } from '../results.ts';
import { expectVni, tunnel, tunnelLink, tunnelSettings } from './tunnel.ts';

const stranger = ({ context }: Scope) => resultOf(context.found, 'strangerContainer');
const gateway = ({ context }: Scope, host: 'alpha' | 'beta') => resultOf(context.found, `${host}Network`).gateway;

/** Starts a container on another network of alpha, and gives beta a tunnel with another network identifier. */
export const prepareByHand = parallel({
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
    other: parallel({
      settleTunnel: { src: 'revertSteps', input: { steps: [...tunnelSettings('beta')] } },
      tunnel: tunnel('beta', ({ wrongVni }) => wrongVni, 'Wrong'),
    }),
  }),
});

/** Shows that the containers are alive: the silence of dead containers proves nothing. */
export const controlsByHand = parallel({
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

export const attemptsByHand = parallel({
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
      to: overlayAddress(scope, 'alpha'),
      ...PINGS,
      ...SILENCE,
    }),
    onDone: keep('pingFromStranger'),
  },
});

/** Gives beta a tunnel with the right network identifier again. */
export const repairByHand = sequence({
  remove: parallel({
    // Until the repair, no link of beta accepts the packets.
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
  repair: parallel({
    settleWrongTunnel: { src: 'revertSteps', input: { steps: [...tunnelSettings('beta', 'Wrong')] } },
    tunnel: tunnel('beta', ({ vni }) => vni, 'Repaired'),
  }),
  works: parallel({
    pingRepaired: {
      src: 'alpha.pingProbe',
      input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...READY }),
      onDone: keep('pingRepaired'),
    },
    fetchRepaired: {
      src: 'beta.httpProbe',
      input: (scope) => ({ ...fetchAcross(scope, 'beta'), expect: textOf(scope, 'alpha'), ...READY }),
      onDone: keep('fetchRepaired'),
    },
    readRepairedVxlan: {
      src: 'beta.observeVxlan',
      input: expectVni(({ vni }) => vni),
      onDone: keep('readRepairedVxlan'),
    },
  }),
});
