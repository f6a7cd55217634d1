import { assign } from 'xstate';
import { containerName, networkName, networkOf } from './input.ts';
import { LANES, madeNetwork, nextOf, oneMore, scale } from './machine-parts.ts';

/** Creates the networks one after the other, then the containers, several at a time. */
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

/** A lane creates every n-th container, n being the number of lanes. */
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
            const index = nextOf(lane, context.made);
            const name = containerName(context.input, index);
            const network = networkOf(context.input, index);
            return {
              name,
              image: context.input.image,
              command: ['-text', name],
              networkId: madeNetwork(context, network).id,
              network: networkName(context.input, network),
            };
          },
          onDone: {
            target: 'next',
            actions: assign({
              containers: ({ context, event }) => {
                const { id, startedAt, ipv4 } = event.output;
                return { ...context.containers, [nextOf(lane, context.made)]: { id, startedAt, address: ipv4 } };
              },
              made: ({ context }) => oneMore(lane, context.made),
            }),
          },
        },
      },
      done: { type: 'final' },
    },
  });
}

/** Ids of the steps of a lane that create containers. */
export function createStep(lane: number): string {
  return `createContainer${lane + 1}`;
}
