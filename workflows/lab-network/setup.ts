import { insideContainer } from 'wf-engine/steps';
import {
  appDev,
  appProd,
  devNameInDns,
  devNetwork,
  keep,
  lab,
  PINGS,
  probe,
  prodNetwork,
  READY,
  url,
} from './machine-parts.ts';

/** Creates devops and AppDev, and observes them from a neighbour on the network, from Docker and from the host. */
const devSide = lab.createStateConfig({
  initial: 'network',
  states: {
    network: {
      invoke: {
        id: 'createDevNetwork',
        src: 'dockerNetwork',
        input: ({ context }) => ({ name: context.names.devNetwork, subnet: context.input.devSubnet }),
        onDone: { target: 'containers', actions: keep('createDevNetwork') },
      },
    },
    containers: {
      invoke: [
        {
          id: 'createAppDev',
          src: 'dockerContainer',
          input: (scope) => ({
            name: scope.context.names.devContainer,
            image: scope.context.input.image,
            command: ['-text', scope.context.input.devText],
            networkId: devNetwork(scope).id,
            network: scope.context.names.devNetwork,
            keepsNamesLocal: true,
          }),
          onDone: { actions: keep('createAppDev') },
        },
        {
          id: 'createProbe',
          src: 'dockerContainer',
          input: (scope) => ({
            name: scope.context.names.probeContainer,
            image: scope.context.input.probeImage,
            command: ['sleep', '3600'],
            networkId: devNetwork(scope).id,
            network: scope.context.names.devNetwork,
            keepsNamesLocal: true,
          }),
          onDone: { actions: keep('createProbe') },
        },
        {
          id: 'listNetworksAfter',
          src: 'listNetworks',
          input: {},
          onDone: { actions: keep('listNetworksAfter') },
        },
      ],
      always: {
        guard: { type: 'found', params: ['createAppDev', 'createProbe', 'listNetworksAfter'] },
        target: 'observe',
      },
    },
    observe: {
      invoke: [
        {
          id: 'pingAppDevByName',
          src: 'pingProbe',
          input: (scope) => ({
            from: insideContainer(probe(scope)),
            to: devNameInDns(scope),
            ...PINGS,
            ...READY,
          }),
          onDone: { actions: keep('pingAppDevByName') },
        },
        {
          id: 'fetchAppDevByName',
          src: 'httpProbe',
          input: (scope) => ({
            from: insideContainer(probe(scope)),
            url: url(devNameInDns(scope)),
            expect: scope.context.input.devText,
            ...READY,
          }),
          onDone: { actions: keep('fetchAppDevByName') },
        },
        {
          id: 'inspectDevNetwork',
          src: 'inspectNetwork',
          input: (scope) => ({ id: devNetwork(scope).id }),
          onDone: { actions: keep('inspectDevNetwork') },
        },
        {
          id: 'observeDevBridge',
          src: 'observeBridge',
          input: (scope) => ({
            bridge: devNetwork(scope).bridge,
            gateway: devNetwork(scope).gateway,
            containers: [appDev(scope), probe(scope)],
          }),
          onDone: { actions: keep('observeDevBridge') },
        },
        {
          id: 'readAppDevAddresses',
          src: 'observeLinks',
          input: (scope) => ({ in: appDev(scope) }),
          onDone: { actions: keep('readAppDevAddresses') },
        },
      ],
      always: {
        guard: {
          type: 'found',
          params: [
            'pingAppDevByName',
            'fetchAppDevByName',
            'inspectDevNetwork',
            'observeDevBridge',
            'readAppDevAddresses',
          ],
        },
        target: 'removeProbe',
      },
    },
    removeProbe: {
      invoke: { id: 'removeProbe', src: 'revertSteps', input: { steps: ['createProbe'] }, onDone: 'ready' },
    },
    ready: { type: 'final' },
  },
});

/** Creates prod and AppProd. */
const prodSide = lab.createStateConfig({
  initial: 'network',
  states: {
    network: {
      invoke: {
        id: 'createProdNetwork',
        src: 'dockerNetwork',
        input: ({ context }) => ({ name: context.names.prodNetwork, subnet: context.input.prodSubnet }),
        onDone: { target: 'container', actions: keep('createProdNetwork') },
      },
    },
    container: {
      invoke: {
        id: 'createAppProd',
        src: 'dockerContainer',
        input: (scope) => ({
          name: scope.context.names.prodContainer,
          image: scope.context.input.image,
          command: ['-text', scope.context.input.prodText],
          networkId: prodNetwork(scope).id,
          network: scope.context.names.prodNetwork,
          keepsNamesLocal: true,
        }),
        onDone: { target: 'observe', actions: keep('createAppProd') },
      },
    },
    observe: {
      invoke: [
        {
          id: 'observeProdBridge',
          src: 'observeBridge',
          input: (scope) => ({
            bridge: prodNetwork(scope).bridge,
            gateway: prodNetwork(scope).gateway,
            containers: [appProd(scope)],
          }),
          onDone: { actions: keep('observeProdBridge') },
        },
        {
          id: 'readAppProdAddresses',
          src: 'observeLinks',
          input: (scope) => ({ in: appProd(scope) }),
          onDone: { actions: keep('readAppProdAddresses') },
        },
      ],
      always: {
        guard: { type: 'found', params: ['observeProdBridge', 'readAppProdAddresses'] },
        target: 'ready',
      },
    },
    ready: { type: 'final' },
  },
});

/** Creates two networks with a container on each, and observes them. The two sides run in parallel. */
export const setup = lab.createStateConfig({
  initial: 'images',
  states: {
    images: {
      invoke: [
        {
          id: 'provideImage',
          src: 'dockerImage',
          input: ({ context }) => ({ reference: context.input.image }),
          onDone: { actions: keep('provideImage') },
        },
        {
          id: 'provideProbeImage',
          src: 'dockerImage',
          input: ({ context }) => ({ reference: context.input.probeImage }),
          onDone: { actions: keep('provideProbeImage') },
        },
        {
          id: 'listNetworksBefore',
          src: 'listNetworks',
          input: {},
          onDone: { actions: keep('listNetworksBefore') },
        },
      ],
      always: {
        guard: { type: 'found', params: ['provideImage', 'provideProbeImage', 'listNetworksBefore'] },
        target: 'sides',
      },
    },
    sides: { type: 'parallel', states: { dev: devSide, prod: prodSide }, onDone: 'ready' },
    ready: { type: 'final' },
  },
});
