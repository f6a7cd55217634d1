import { insideNamespaceOf } from 'wf';
import { appDev, appProd, keep, lab, PINGS, READY, SILENCE, spliceAddress, url } from './machine-parts.ts';
import { resultOf } from './results.ts';

/** AppDev and AppProd talk through the pair, and only through it. */
export const connectivityTest = lab.createStateConfig({
  initial: 'countersBefore',
  states: {
    countersBefore: {
      invoke: {
        id: 'readCountersBefore',
        src: 'observeCounters',
        input: ({ context }) => ({ link: context.names.hostLink, container: null }),
        onDone: { target: 'attempts', actions: keep('readCountersBefore') },
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
        // Docker knows nothing of the splice: AppProd's own address stays out of reach.
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
        target: 'countersAfter',
      },
    },
    countersAfter: {
      invoke: {
        id: 'readCountersAfter',
        src: 'observeCounters',
        input: ({ context }) => ({
          link: context.names.hostLink,
          container: null,
          moreThan: resultOf(context.found, 'readCountersBefore'),
        }),
        onDone: { target: 'done', actions: keep('readCountersAfter') },
      },
    },
    done: { type: 'final' },
  },
});
