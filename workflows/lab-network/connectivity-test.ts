import { insideNamespaceOf } from 'wf-engine/steps';
import {
  appDev,
  appProd,
  devNetwork,
  keep,
  lab,
  PINGS,
  READY,
  SILENCE,
  spliceAddress,
  splicedMac,
  url,
} from './machine-parts.ts';
import { resultOf } from './results.ts';

/** Docker's name for the first interface of a container. */
const APP_DEV_LINK = 'eth0';

/** Tests that AppDev and AppProd reach each other through the pair, and only through it. */
export const connectivityTest = lab.createStateConfig({
  initial: 'before',
  states: {
    before: {
      invoke: [
        {
          id: 'readCountersBefore',
          src: 'observeCounters',
          input: ({ context }) => ({ link: context.names.hostLink }),
          onDone: { actions: keep('readCountersBefore') },
        },
        {
          id: 'readNeighboursBefore',
          src: 'observeNeighbours',
          input: (scope) => ({ link: APP_DEV_LINK, in: appDev(scope) }),
          onDone: { actions: keep('readNeighboursBefore') },
        },
      ],
      always: {
        guard: { type: 'found', params: ['readCountersBefore', 'readNeighboursBefore'] },
        target: 'attempts',
      },
    },
    attempts: {
      invoke: [
        {
          id: 'pingSpliceFromAppDev',
          src: 'pingProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appDev(scope)),
            to: spliceAddress(scope),
            ...PINGS,
            ...READY,
          }),
          onDone: { actions: keep('pingSpliceFromAppDev') },
        },
        {
          id: 'fetchSpliceFromAppDev',
          src: 'httpProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appDev(scope)),
            url: url(spliceAddress(scope)),
            expect: scope.context.input.prodText,
            ...READY,
          }),
          onDone: { actions: keep('fetchSpliceFromAppDev') },
        },
        {
          id: 'pingAppDevFromAppProd',
          src: 'pingProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appProd(scope)),
            to: appDev(scope).ipv4,
            ...PINGS,
            ...READY,
          }),
          onDone: { actions: keep('pingAppDevFromAppProd') },
        },
        {
          id: 'fetchAppDevFromAppProd',
          src: 'httpProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appProd(scope)),
            url: url(appDev(scope).ipv4),
            expect: scope.context.input.devText,
            ...READY,
          }),
          onDone: { actions: keep('fetchAppDevFromAppProd') },
        },
        // The splice does not connect the networks: AppProd's own address must not answer.
        {
          id: 'pingAppProdOnItsOwnNetwork',
          src: 'pingProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appDev(scope)),
            to: appProd(scope).ipv4,
            ...PINGS,
            ...SILENCE,
          }),
          onDone: { actions: keep('pingAppProdOnItsOwnNetwork') },
        },
      ],
      always: {
        guard: {
          type: 'found',
          params: [
            'pingSpliceFromAppDev',
            'fetchSpliceFromAppDev',
            'pingAppDevFromAppProd',
            'fetchAppDevFromAppProd',
            'pingAppProdOnItsOwnNetwork',
          ],
        },
        target: 'after',
      },
    },
    after: {
      invoke: [
        {
          id: 'readCountersAfter',
          src: 'observeCounters',
          input: ({ context }) => ({
            link: context.names.hostLink,
            moreThan: resultOf(context.found, 'readCountersBefore'),
          }),
          onDone: { actions: keep('readCountersAfter') },
        },
        {
          id: 'readNeighboursAfter',
          src: 'observeNeighbours',
          input: (scope) => ({
            link: APP_DEV_LINK,
            in: appDev(scope),
            expect: { address: spliceAddress(scope), mac: splicedMac(scope) },
          }),
          onDone: { actions: keep('readNeighboursAfter') },
        },
        {
          id: 'readForwarding',
          src: 'observeForwarding',
          input: (scope) => ({
            bridge: devNetwork(scope).bridge,
            expect: { mac: splicedMac(scope), port: scope.context.names.hostLink },
          }),
          onDone: { actions: keep('readForwarding') },
        },
        {
          id: 'routeFromAppDev',
          src: 'observeRoute',
          input: (scope) => ({ to: spliceAddress(scope), in: appDev(scope), through: APP_DEV_LINK }),
          onDone: { actions: keep('routeFromAppDev') },
        },
        {
          id: 'routeFromAppProd',
          src: 'observeRoute',
          input: (scope) => ({
            to: appDev(scope).ipv4,
            in: appProd(scope),
            through: scope.context.input.containerDevice,
          }),
          onDone: { actions: keep('routeFromAppProd') },
        },
      ],
      always: {
        guard: {
          type: 'found',
          params: ['readCountersAfter', 'readNeighboursAfter', 'readForwarding', 'routeFromAppDev', 'routeFromAppProd'],
        },
        target: 'done',
      },
    },
    done: { type: 'final' },
  },
});
