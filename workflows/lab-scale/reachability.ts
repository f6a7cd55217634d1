import type { reachabilityProbe } from 'wf-engine/steps';
import type { InputFrom } from 'xstate';
import { assign } from 'xstate';
import { containerCount, containerName, networkName, networkOf } from './input.ts';
import { LANES, madeContainer, madeNetwork, nextOf, oneMore, scale } from './machine-parts.ts';

/** An answer on one machine takes a millisecond; a machine with hundreds of containers may be busy for a while. */
const TIME = { deadlineMs: 20_000, silenceMs: 300 };

/** Pings from each container to all others: its neighbours must answer, those on other networks must not. */
export const reachability = scale.createStateConfig({
  type: 'parallel',
  states: Object.fromEntries(LANES.map((lane) => [`lane${lane + 1}`, laneOf(lane)])),
});

function laneOf(lane: number) {
  return scale.createStateConfig({
    initial: 'next',
    states: {
      next: {
        always: [{ guard: { type: 'wantsProbe', params: lane }, target: 'probe' }, { target: 'done' }],
      },
      probe: {
        invoke: {
          id: `probeReachability${lane + 1}`,
          src: 'reachabilityProbe',
          input: ({ context }) => pairsFrom(context, nextOf(lane, context.probed)),
          onDone: {
            target: 'next',
            actions: assign({
              probed: ({ context }) => oneMore(lane, context.probed),
              // The gateway answers too, and is no pair.
              answered: ({ context, event }) => context.answered + event.output.answered - 1,
              silent: ({ context, event }) => context.silent + event.output.silent,
            }),
          },
        },
      },
      done: { type: 'final' },
    },
  });
}

type Context = Parameters<typeof madeContainer>[0];

/** Returns the answers that isolation predicts for one container. The gateway is a control: packets to silent targets reach it. */
function pairsFrom(context: Context, from: number): InputFrom<typeof reachabilityProbe> {
  const { input } = context;
  const own = networkOf(input, from);
  const answering: Record<string, string> = {
    [`gateway of ${networkName(input, own)}`]: madeNetwork(context, own).gateway,
  };
  const silent: Record<string, string> = {};
  for (let index = 0; index < containerCount(input); index += 1) {
    if (index === from) continue;
    const { address } = madeContainer(context, index);
    (networkOf(input, index) === own ? answering : silent)[containerName(input, index)] = address;
  }
  const { id, startedAt } = madeContainer(context, from);
  return { from: { id, name: containerName(input, from), startedAt }, answering, silent, ...TIME };
}
