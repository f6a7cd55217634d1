import { insideContainer } from 'wf';
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

/** Two networks, a container on each, and a look at them: from a neighbour, from Docker and from the host. */
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
        target: 'networks',
      },
    },
    networks: {
      invoke: [
        {
          id: 'createDevNetwork',
          src: 'dockerNetwork',
          input: ({ context }) => ({ name: context.names.devNetwork, subnet: context.input.devSubnet }),
          onDone: { actions: keep('createDevNetwork') },
        },
        {
          id: 'createProdNetwork',
          src: 'dockerNetwork',
          input: ({ context }) => ({ name: context.names.prodNetwork, subnet: context.input.prodSubnet }),
          onDone: { actions: keep('createProdNetwork') },
        },
      ],
      always: { guard: { type: 'found', params: ['createDevNetwork', 'createProdNetwork'] }, target: 'containers' },
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
          }),
          onDone: { actions: keep('createAppDev') },
        },
        {
          id: 'createAppProd',
          src: 'dockerContainer',
          input: (scope) => ({
            name: scope.context.names.prodContainer,
            image: scope.context.input.image,
            command: ['-text', scope.context.input.prodText],
            networkId: prodNetwork(scope).id,
            network: scope.context.names.prodNetwork,
          }),
          onDone: { actions: keep('createAppProd') },
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
        guard: {
          type: 'found',
          params: ['createAppDev', 'createAppProd', 'createProbe', 'listNetworksAfter'],
        },
        target: 'look',
      },
    },
    look: {
      type: 'parallel',
      states: {
        fromProbe: {
          initial: 'probe',
          states: {
            probe: {
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
              ],
              always: {
                guard: { type: 'found', params: ['pingAppDevByName', 'fetchAppDevByName'] },
                target: 'remove',
              },
            },
            remove: {
              invoke: {
                id: 'removeProbe',
                src: 'revertSteps',
                input: { steps: ['createProbe'] },
                onDone: 'removed',
              },
            },
            removed: { type: 'final' },
          },
        },
        fromHost: {
          initial: 'read',
          states: {
            read: {
              invoke: [
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
                    containers: [appDev(scope)],
                  }),
                  onDone: { actions: keep('observeDevBridge') },
                },
                {
                  id: 'readAppDevAddresses',
                  src: 'observeLinks',
                  input: (scope) => ({ container: appDev(scope) }),
                  onDone: { actions: keep('readAppDevAddresses') },
                },
                {
                  id: 'readAppProdAddresses',
                  src: 'observeLinks',
                  input: (scope) => ({ container: appProd(scope) }),
                  onDone: { actions: keep('readAppProdAddresses') },
                },
              ],
              always: {
                guard: {
                  type: 'found',
                  params: ['inspectDevNetwork', 'observeDevBridge', 'readAppDevAddresses', 'readAppProdAddresses'],
                },
                target: 'seen',
              },
            },
            seen: { type: 'final' },
          },
        },
      },
      onDone: 'done',
    },
    done: { type: 'final' },
  },
});
