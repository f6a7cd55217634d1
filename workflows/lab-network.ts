import { defineWorkflow } from 'wf-engine';
import { containerNameFree, imageAvailable, linkNameFree, networkNameFree, subnetFree } from 'wf-engine/steps';
import { connectivityTest } from './lab-network/connectivity-test.ts';
import { inputSchema, namesOf } from './lab-network/input.ts';
import { isolationTest } from './lab-network/isolation-test.ts';
import { lab, spliceAddress } from './lab-network/machine-parts.ts';
import { proofsOf } from './lab-network/proofs.ts';
import { setup } from './lab-network/setup.ts';
import { teardown } from './lab-network/teardown.ts';
import { verification } from './lab-network/verification.ts';
import { vethSplice } from './lab-network/veth-splice.ts';

const machine = lab.createMachine({
  id: 'lab-network',
  context: ({ input }) => ({ input, names: namesOf(input), found: {} }),
  initial: 'setup',
  states: {
    setup: { ...setup, onDone: 'isolationTest' },
    isolationTest: { ...isolationTest, onDone: 'vethSplice' },
    vethSplice: { ...vethSplice, onDone: 'connectivityTest' },
    connectivityTest: { ...connectivityTest, onDone: 'teardown' },
    teardown: { ...teardown, onDone: 'verification' },
    verification: { ...verification, onDone: 'finished' },
    finished: { type: 'final' },
  },
  output: (scope) => ({ proofs: proofsOf(scope.context.found, spliceAddress(scope)) }),
});

export default defineWorkflow({
  name: 'lab-network',
  version: '1',
  description:
    'Creates two isolated Docker networks, connects them by a veth pair unknown to Docker, then removes everything',
  input: inputSchema,
  machine,
  networking: true,
  requirements(input) {
    const names = namesOf(input);
    const subnets = [input.devSubnet, input.prodSubnet].filter((subnet) => subnet !== null);
    return [
      networkNameFree(names.devNetwork),
      networkNameFree(names.prodNetwork),
      containerNameFree(names.devContainer),
      containerNameFree(names.prodContainer),
      containerNameFree(names.probeContainer),
      linkNameFree(names.hostLink),
      linkNameFree(names.containerLink),
      ...subnets.map((subnet) => subnetFree(subnet)),
      imageAvailable(input.image),
      imageAvailable(input.probeImage),
    ];
  },
  proofs: (output) => output.proofs,
  narrative: async (facts) => (await import('./lab-network/narrative.ts')).narrate(facts),
});
