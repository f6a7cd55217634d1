// A workflow of many steps in sequence, each of which does `work` and is durable, as a program defines it.
import { setup } from 'xstate';
import { z } from 'zod';
import { defineStep, defineWorkflow } from '../../dist/index.js';

export function chain(steps, work = async () => {}, name = `chain-${steps}`) {
  const step = defineStep({
    kind: 'bench.step',
    description: 'Does what is measured.',
    input: z.object({ n: z.number() }),
    output: z.object({ n: z.number() }),
    commands: () => [],
    rehearse: ({ n }) => ({ n }),
    async read({ n }, context) {
      await work(n, context);
      return { n };
    },
  });
  const states = Object.fromEntries(
    Array.from({ length: steps }, (_, n) => [
      `s${n}`,
      { invoke: { id: `s${n}`, src: 'step', input: { n }, onDone: n + 1 < steps ? `s${n + 1}` : 'end' } },
    ]),
  );
  return defineWorkflow({
    name,
    version: '1',
    description: `${steps} steps in sequence`,
    input: z.object({}),
    machine: setup({ actors: { step } }).createMachine({
      id: name,
      initial: 's0',
      states: { ...states, end: { type: 'final' } },
    }),
  });
}
