import { stepIdOf } from 'wf-engine';
import { assign } from 'xstate';
import type { Input } from './input.ts';
import { LANES, scale } from './machine-parts.ts';
import { createStep } from './setup.ts';

/** Removes the networks one after the other, each after its containers. */
export const teardown = scale.createStateConfig({
  initial: 'next',
  states: {
    next: {
      always: [{ guard: 'hasNetwork', target: 'network' }, { target: 'done' }],
    },
    network: {
      invoke: {
        id: 'removeNetwork',
        src: 'revertSteps',
        input: ({ context }) => ({ steps: stepsOf(context.input, context.removed) }),
        onDone: { target: 'next', actions: assign({ removed: ({ context }) => context.removed + 1 }) },
      },
    },
    done: { type: 'final' },
  },
});

/** Returns the ids of the steps that created a network (from 0) and its containers. */
function stepsOf({ hosts }: Input, network: number): string[] {
  const containers = Array.from({ length: hosts }, (_none, host) => {
    const index = network * hosts + host;
    return stepIdOf(createStep(index % LANES.length), Math.floor(index / LANES.length) + 1);
  });
  return [stepIdOf('createNetwork', network + 1), ...containers];
}
