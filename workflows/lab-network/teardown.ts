import { bridge, devNetwork, lab, prodNetwork } from './machine-parts.ts';

/** Steps whose changes vanish with AppProd's network namespace. */
const SPLICE_STEPS = [
  'createVethPair',
  'enslaveHostLink',
  'setHostLinkUp',
  'moveContainerLink',
  'renameContainerLink',
  'setContainerLinkUp',
  'addSpliceAddress',
  'addDefaultRoute',
];

/** Removes the containers, and with AppProd the pair; then the networks and their bridges. */
export const teardown = lab.createStateConfig({
  initial: 'appProd',
  states: {
    // AppProd goes first: a TCP connection whose other end is gone would keep its network namespace, and the pair, for two minutes.
    appProd: {
      invoke: { id: 'removeAppProd', src: 'revertSteps', input: { steps: ['createAppProd'] }, onDone: 'appDev' },
    },
    appDev: {
      invoke: { id: 'removeAppDev', src: 'revertSteps', input: { steps: ['createAppDev'] }, onDone: 'links' },
    },
    links: {
      invoke: {
        id: 'observeLinksVanish',
        src: 'observeLinksGone',
        input: (scope) => ({
          links: [scope.context.names.hostLink, ...bridge(scope).ports.map((port) => port.link)],
        }),
        onDone: 'splice',
      },
    },
    // The pair and its settings have vanished with the namespace: this settles their changes in the ledger.
    splice: {
      invoke: { id: 'settleSplice', src: 'revertSteps', input: { steps: SPLICE_STEPS }, onDone: 'networks' },
    },
    networks: {
      type: 'parallel',
      states: {
        devNetwork: {
          initial: 'remove',
          states: {
            remove: {
              invoke: {
                id: 'removeDevNetwork',
                src: 'revertSteps',
                input: { steps: ['createDevNetwork'] },
                onDone: 'removed',
              },
            },
            removed: { type: 'final' },
          },
        },
        prodNetwork: {
          initial: 'remove',
          states: {
            remove: {
              invoke: {
                id: 'removeProdNetwork',
                src: 'revertSteps',
                input: { steps: ['createProdNetwork'] },
                onDone: 'removed',
              },
            },
            removed: { type: 'final' },
          },
        },
      },
      onDone: 'bridges',
    },
    bridges: {
      invoke: {
        id: 'observeBridgesVanish',
        src: 'observeLinksGone',
        input: (scope) => ({ links: [devNetwork(scope).bridge, prodNetwork(scope).bridge] }),
        onDone: 'done',
      },
    },
    done: { type: 'final' },
  },
});
