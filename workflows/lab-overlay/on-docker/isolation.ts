import { insideNamespaceOf } from 'wf-engine/steps';
import type { Host } from '../input.ts';
import {
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
  url,
} from '../machine-parts.ts';
import { resultOf } from '../results.ts';
import { onOverlay } from './overlay.ts';

/** Returns the container of a host on the other overlay. */
const stranger = ({ context: { found } }: Scope, host: Host) =>
  resultOf(found, host === 'alpha' ? 'strangerOnAlpha' : 'strangerOnBeta');

/** Creates a second overlay, with a container on each host. */
export const prepareOnDocker = sequence({
  strangerOverlay: {
    src: 'alpha.dockerNetwork',
    input: ({ context: { input, names } }) => ({
      name: names.strangerNetwork,
      subnet: input.strangerSubnet,
      driver: 'overlay',
      attachable: true,
    }),
    onDone: keep('strangerOverlay'),
  },
  containers: parallel({
    strangerOnAlpha: {
      src: 'alpha.dockerContainer',
      input: (scope) => onOverlay(scope, 'strangerOverlay', 'strangerContainer', scope.context.names.strangerContainer),
      onDone: keep('strangerOnAlpha'),
    },
    strangerOnBeta: {
      src: 'beta.dockerContainer',
      input: (scope) => onOverlay(scope, 'strangerOverlay', 'remoteStranger', scope.context.names.remoteStranger),
      onDone: keep('strangerOnBeta'),
    },
  }),
});

/** Shows that both overlays work, and that the second one has another network identifier. */
export const controlsOnDocker = parallel({
  controlAcross: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ ...pingAcross(scope, 'alpha'), ...READY }),
    onDone: keep('controlAcross'),
  },
  controlStrangers: {
    src: 'alpha.pingProbe',
    input: (scope) => ({
      from: insideNamespaceOf(stranger(scope, 'alpha')),
      to: stranger(scope, 'beta').ipv4,
      ...PINGS,
      ...READY,
    }),
    onDone: keep('controlStrangers'),
  },
  controlStrangerPage: {
    src: 'alpha.httpProbe',
    input: (scope) => ({
      from: insideNamespaceOf(stranger(scope, 'alpha')),
      url: url(stranger(scope, 'beta').ipv4),
      expect: scope.context.names.remoteStranger,
      ...READY,
    }),
    onDone: keep('controlStrangerPage'),
  },
  controlStrangerName: {
    src: 'alpha.dnsProbe',
    input: (scope) => ({
      from: insideNamespaceOf(stranger(scope, 'alpha')),
      name: scope.context.names.remoteStranger.toLowerCase(),
      ...READY,
    }),
    onDone: keep('controlStrangerName'),
  },
  readOtherOverlay: {
    src: 'alpha.observeOverlay',
    input: ({ context }) => ({ network: resultOf(context.found, 'strangerOverlay').id }),
    onDone: keep('readOtherOverlay'),
  },
});

/** Tries to reach the containers of the second overlay, on the other host and on the same one. */
export const attemptsOnDocker = parallel({
  pingRemoteStranger: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ from: inContainer(scope, 'alpha'), to: stranger(scope, 'beta').ipv4, ...PINGS, ...SILENCE }),
    onDone: keep('pingRemoteStranger'),
  },
  fetchRemoteStranger: {
    src: 'alpha.httpProbe',
    input: (scope) => ({ from: inContainer(scope, 'alpha'), url: url(stranger(scope, 'beta').ipv4), ...SILENCE }),
    onDone: keep('fetchRemoteStranger'),
  },
  pingLocalStranger: {
    src: 'alpha.pingProbe',
    input: (scope) => ({ from: inContainer(scope, 'alpha'), to: stranger(scope, 'alpha').ipv4, ...PINGS, ...SILENCE }),
    onDone: keep('pingLocalStranger'),
  },
  pingAsStranger: {
    src: 'alpha.pingProbe',
    input: (scope) => ({
      from: insideNamespaceOf(stranger(scope, 'alpha')),
      to: overlayAddress(scope, 'beta'),
      ...PINGS,
      ...SILENCE,
    }),
    onDone: keep('pingAsStranger'),
  },
  nameOfStranger: {
    src: 'alpha.dnsProbe',
    input: (scope) => ({
      from: inContainer(scope, 'alpha'),
      name: scope.context.names.remoteStranger.toLowerCase(),
      ...SILENCE,
      deadlineMs: 2_000,
    }),
    onDone: keep('nameOfStranger'),
  },
});
