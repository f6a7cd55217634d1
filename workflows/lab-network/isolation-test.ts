import { insideNamespaceOf } from 'wf-engine/steps';
import {
  appDev,
  appProd,
  devNameInDns,
  devNetwork,
  fromHost,
  keep,
  lab,
  PINGS,
  prodNameInDns,
  READY,
  SILENCE,
  spliceAddress,
  url,
} from './machine-parts.ts';

/** Tests that Docker isolates the two networks; the controls show that nothing else does. */
export const isolationTest = lab.createStateConfig({
  initial: 'controls',
  states: {
    // Silence of a dead target proves no isolation: both must answer on their own networks, and AppDev must send and resolve.
    controls: {
      invoke: [
        {
          id: 'controlAppDevAnswersPing',
          src: 'pingProbe',
          input: (scope) => ({ from: fromHost, to: appDev(scope).ipv4, ...PINGS, ...READY }),
          onDone: { actions: keep('controlAppDevAnswersPing') },
        },
        {
          id: 'controlAppDevAnswersHttp',
          src: 'httpProbe',
          input: (scope) => ({
            from: fromHost,
            url: url(appDev(scope).ipv4),
            expect: scope.context.input.devText,
            ...READY,
          }),
          onDone: { actions: keep('controlAppDevAnswersHttp') },
        },
        {
          id: 'controlAppProdAnswersPing',
          src: 'pingProbe',
          input: (scope) => ({ from: fromHost, to: appProd(scope).ipv4, ...PINGS, ...READY }),
          onDone: { actions: keep('controlAppProdAnswersPing') },
        },
        {
          id: 'controlAppProdAnswersHttp',
          src: 'httpProbe',
          input: (scope) => ({
            from: fromHost,
            url: url(appProd(scope).ipv4),
            expect: scope.context.input.prodText,
            ...READY,
          }),
          onDone: { actions: keep('controlAppProdAnswersHttp') },
        },
        {
          id: 'controlAppDevReachesGateway',
          src: 'pingProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appDev(scope)),
            to: devNetwork(scope).gateway,
            ...PINGS,
            ...READY,
          }),
          onDone: { actions: keep('controlAppDevReachesGateway') },
        },
        {
          id: 'controlKnownNameResolves',
          src: 'dnsProbe',
          input: (scope) => ({ from: insideNamespaceOf(appDev(scope)), name: devNameInDns(scope), ...READY }),
          onDone: { actions: keep('controlKnownNameResolves') },
        },
        {
          id: 'readFirewallBefore',
          src: 'observeFirewall',
          input: {},
          onDone: { actions: keep('readFirewallBefore') },
        },
      ],
      always: {
        guard: {
          type: 'found',
          params: [
            'controlAppDevAnswersPing',
            'controlAppDevAnswersHttp',
            'controlAppProdAnswersPing',
            'controlAppProdAnswersHttp',
            'controlAppDevReachesGateway',
            'controlKnownNameResolves',
            'readFirewallBefore',
          ],
        },
        target: 'attempts',
      },
    },
    attempts: {
      invoke: [
        {
          id: 'pingAppProdFromAppDev',
          src: 'pingProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appDev(scope)),
            to: appProd(scope).ipv4,
            ...PINGS,
            ...SILENCE,
          }),
          onDone: { actions: keep('pingAppProdFromAppDev') },
        },
        {
          id: 'fetchAppProdFromAppDev',
          src: 'httpProbe',
          input: (scope) => ({
            from: insideNamespaceOf(appDev(scope)),
            url: url(appProd(scope).ipv4),
            ...SILENCE,
          }),
          onDone: { actions: keep('fetchAppProdFromAppDev') },
        },
        {
          id: 'resolveAppProdFromAppDev',
          src: 'dnsProbe',
          input: (scope) => ({ from: insideNamespaceOf(appDev(scope)), name: prodNameInDns(scope), ...SILENCE }),
          onDone: { actions: keep('resolveAppProdFromAppDev') },
        },
        // Nobody may have the address of the splice before the splice.
        {
          id: 'checkSpliceAddress',
          src: 'checkAddressFree',
          input: (scope) => ({
            address: spliceAddress(scope),
            subnet: devNetwork(scope).subnet,
            link: devNetwork(scope).bridge,
            networkId: devNetwork(scope).id,
          }),
          onDone: { actions: keep('checkSpliceAddress') },
        },
      ],
      always: {
        guard: {
          type: 'found',
          params: ['pingAppProdFromAppDev', 'fetchAppProdFromAppDev', 'resolveAppProdFromAppDev', 'checkSpliceAddress'],
        },
        target: 'rule',
      },
    },
    rule: {
      invoke: {
        id: 'readFirewallAfter',
        src: 'observeFirewall',
        input: {},
        onDone: { target: 'done', actions: keep('readFirewallAfter') },
      },
    },
    done: { type: 'final' },
  },
});
