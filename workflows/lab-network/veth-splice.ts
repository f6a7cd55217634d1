import { prefixLengthOf } from 'wf-engine/steps';
import { appProd, bridge, devNetwork, keep, lab, spliceAddress } from './machine-parts.ts';

/** Connects AppProd to devops with a veth pair that Docker does not know about. */
export const vethSplice = lab.createStateConfig({
  initial: 'pair',
  states: {
    pair: {
      invoke: {
        id: 'createVethPair',
        src: 'createVethPair',
        input: (scope) => ({
          name: scope.context.names.hostLink,
          peer: scope.context.names.containerLink,
          mtu: bridge(scope).mtu,
        }),
        onDone: { target: 'ends', actions: keep('createVethPair') },
      },
    },
    ends: {
      type: 'parallel',
      states: {
        hostEnd: {
          initial: 'enslave',
          states: {
            enslave: {
              invoke: {
                id: 'enslaveHostLink',
                src: 'enslaveLink',
                input: (scope) => ({ link: scope.context.names.hostLink, bridge: devNetwork(scope).bridge }),
                onDone: 'up',
              },
            },
            up: {
              invoke: {
                id: 'setHostLinkUp',
                src: 'setLinkUp',
                input: ({ context }) => ({ link: context.names.hostLink }),
                onDone: 'ready',
              },
            },
            ready: { type: 'final' },
          },
        },
        containerEnd: {
          initial: 'move',
          states: {
            move: {
              invoke: {
                id: 'moveContainerLink',
                src: 'moveLink',
                input: (scope) => ({ link: scope.context.names.containerLink, to: appProd(scope) }),
                onDone: 'rename',
              },
            },
            rename: {
              invoke: {
                id: 'renameContainerLink',
                src: 'renameLink',
                input: (scope) => ({
                  link: scope.context.names.containerLink,
                  name: scope.context.input.containerDevice,
                  in: appProd(scope),
                }),
                onDone: 'up',
              },
            },
            up: {
              invoke: {
                id: 'setContainerLinkUp',
                src: 'setLinkUp',
                input: (scope) => ({ link: scope.context.input.containerDevice, in: appProd(scope) }),
                onDone: 'address',
              },
            },
            address: {
              invoke: {
                id: 'addSpliceAddress',
                src: 'addAddress',
                input: (scope) => ({
                  link: scope.context.input.containerDevice,
                  address: `${spliceAddress(scope)}/${prefixLengthOf(devNetwork(scope).subnet)}`,
                  // Checks again right before use: another container may have taken the address meanwhile.
                  segment: { link: devNetwork(scope).bridge, networkId: devNetwork(scope).id },
                  in: appProd(scope),
                }),
                onDone: [{ guard: 'wantsNoRoute', target: 'ready' }, { target: 'route' }],
              },
            },
            route: {
              invoke: {
                id: 'addDefaultRoute',
                src: 'addRoute',
                input: (scope) => ({
                  destination: 'default',
                  via: devNetwork(scope).gateway,
                  device: scope.context.input.containerDevice,
                  mode: scope.context.input.defaultRoute === 'replace' ? 'replace' : 'secondary',
                  in: appProd(scope),
                }),
                onDone: 'ready',
              },
            },
            ready: { type: 'final' },
          },
        },
      },
      onDone: 'observe',
    },
    observe: {
      invoke: {
        id: 'readSplicedAddresses',
        src: 'observeLinks',
        input: (scope) => ({ in: appProd(scope) }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
});
