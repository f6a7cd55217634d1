import { assign } from 'xstate';
import { containerName, networkName, networkOf } from './input.ts';
import { countOne, createdNetwork, LANES, nextOf, scale } from './machine-parts.ts';

/** Creates the networks one after the other, then the containers in parallel lanes. */
export const setup = scale.createStateConfig({
  initial: 'image',
  states: {
    image: {
      invoke: {
        id: 'provideImage',
        src: 'dockerImage',
        input: ({ context }) => ({ reference: context.input.image }),
        onDone: 'networks',
      },
    },
    networks: {
      always: [{ guard: 'wantsNetwork', target: 'network' }, { target: 'containers' }],
    },
    network: {
      invoke: {
        id: 'createNetwork',
        src: 'dockerNetwork',
        input: ({ context }) => ({ name: networkName(context.input, context.networks.length + 1) }),
        onDone: {
          target: 'networks',
          actions: assign({
            networks: ({ context, event }) => {
              const { id, gateway } = event.output;
              return [...context.networks, { id, gateway }];
            },
          }),
        },
      },
    },
    containers: {
      type: 'parallel',
      states: Object.fromEntries(LANES.map((lane) => [`lane${lane + 1}`, laneOf(lane)])),
      onDone: 'ready',
    },
    ready: { type: 'final' },
  },
});

/** Returns the state of a lane, which creates every n-th container for n lanes. */
function laneOf(lane: number) {
  return scale.createStateConfig({
    initial: 'next',
    states: {
      next: {
        always: [{ guard: { type: 'wantsContainer', params: lane }, target: 'container' }, { target: 'done' }],
      },
      container: {
        invoke: {
          id: createStep(lane),
          src: 'dockerContainer',
          input: ({ context }) => {
            const index = nextOf(lane, context.created);
            const name = containerName(context.input, index);
            const network = networkOf(context.input, index);
            return {
              name,
              image: context.input.image,
              command: ['-text', name],
              networkId: createdNetwork(context, network).id,
              network: networkName(context.input, network),
            };
          },
          onDone: {
            target: 'next',
            actions: assign({
              containers: ({ context, event }) => {
                const { id, startedAt, ipv4 } = event.output;
                return { ...context.containers, [nextOf(lane, context.created)]: { id, startedAt, address: ipv4 } };
              },
              created: ({ context }) => countOne(lane, context.created),
            }),
          },
        },
      },
      done: { type: 'final' },
    },
  });
}

/** Returns the id of a lane's steps that create containers. */
export function createStep(lane: number): string {
  return `createContainer${lane + 1}`;
}
