import { defineWorkflow } from 'wf-engine';
import { containerNameFree, imageAvailable, networkNameFree } from 'wf-engine/steps';
import { containerCount, containerName, inputSchema, networkName } from './lab-scale/input.ts';
import { initialContext, scale } from './lab-scale/machine-parts.ts';
import { reachability } from './lab-scale/reachability.ts';
import { setup } from './lab-scale/setup.ts';
import { teardown } from './lab-scale/teardown.ts';

const machine = scale.createMachine({
  id: 'lab-scale',
  context: ({ input }) => initialContext(input),
  initial: 'setup',
  states: {
    setup: { ...setup, onDone: 'reachability' },
    reachability: { ...reachability, onDone: 'teardown' },
    teardown: { ...teardown, onDone: 'verification' },
    verification: {
      initial: 'compare',
      states: {
        compare: { invoke: { id: 'verifyHost', src: 'verifyHost', input: {}, onDone: 'done' } },
        done: { type: 'final' },
      },
      onDone: 'finished',
    },
    finished: { type: 'final' },
  },
  output: ({ context: { input, answered, silent } }) => ({
    proofs: [
      {
        claim: 'reachable',
        figures: `${answered} of ${answered} pairs of neighbours, among ${containerCount(input)} containers on ${input.networks} networks`,
      },
      {
        claim: 'isolated',
        figures: `${silent} of ${silent} pairs across networks were silent, while each container and its gateway answered`,
      },
    ],
  }),
});

export default defineWorkflow({
  name: 'lab-scale',
  version: '1',
  description:
    'Starts many containers on many Docker networks, probes every pair, and expects answers only inside each network',
  input: inputSchema,
  machine,
  networking: true,
  requirements(input) {
    const networks = Array.from({ length: input.networks }, (_none, index) => networkName(input, index + 1));
    const containers = Array.from({ length: containerCount(input) }, (_none, index) => containerName(input, index));
    return [...networks.map(networkNameFree), ...containers.map(containerNameFree), imageAvailable(input.image)];
  },
  proofs: (output) => output.proofs,
});
