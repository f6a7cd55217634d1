import type { reachabilityProbe } from 'wf-engine/steps';
import type { InputFrom } from 'xstate';
import { assign } from 'xstate';
import { containerCount, containerName, networkName, networkOf } from './input.ts';
import { countOne, createdContainer, createdNetwork, LANES, nextOf, scale } from './machine-parts.ts';

/** An answer on one machine takes a millisecond, but a machine with hundreds of containers may be busy for seconds. */
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
              probed: ({ context }) => countOne(lane, context.probed),
              // The gateway answers too, but is not one of the pairs.
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

type Context = Parameters<typeof createdContainer>[0];

/** Returns the expected answers for one container. The gateway is a control: packets to silent targets go through it. */
function pairsFrom(context: Context, from: number): InputFrom<typeof reachabilityProbe> {
  const { input } = context;
  const own = networkOf(input, from);
  const answering: Record<string, string> = {
    [`gateway of ${networkName(input, own)}`]: createdNetwork(context, own).gateway,
  };
  const silent: Record<string, string> = {};
  for (let index = 0; index < containerCount(input); index += 1) {
    if (index === from) continue;
    const { address } = createdContainer(context, index);
    (networkOf(input, index) === own ? answering : silent)[containerName(input, index)] = address;
  }
  const { id, startedAt } = createdContainer(context, from);
  return { from: { id, name: containerName(input, from), startedAt }, answering, silent, ...TIME };
}
