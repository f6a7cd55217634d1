import {
  containerNameFree,
  defineWorkflow,
  imageAvailable,
  linkKind,
  networkNameFree,
  requiredOn,
  tool,
} from 'wf-engine';
import { failure } from './lab-overlay/failure.ts';
import { HOSTS, inputSchema, namesOf } from './lab-overlay/input.ts';
import { isolation } from './lab-overlay/isolation.ts';
import { lookInside } from './lab-overlay/look-inside.ts';
import { lab, sequence } from './lab-overlay/machine-parts.ts';
import { overlay } from './lab-overlay/overlay.ts';
import { proofsOf } from './lab-overlay/proofs.ts';
import { teardown } from './lab-overlay/teardown.ts';
import { underlay } from './lab-overlay/underlay.ts';
import { verification } from './lab-overlay/verification.ts';

const machine = lab.createMachine({
  id: 'lab-overlay',
  context: ({ input }) => ({ input, names: namesOf(input), found: {} }),
  ...sequence({ underlay, overlay, lookInside, isolation, failure, teardown, verification }),
  output: ({ context }) => ({ proofs: proofsOf(context.found) }),
});

export default defineWorkflow({
  name: 'lab-overlay',
  version: '1',
  description: 'Two hosts and an overlay network over VXLAN, made by hand, inspected, broken, mended and taken down',
  input: inputSchema,
  machine,
  networking: true,
  hosts: () => ({ alpha: {}, beta: {} }),
  requirements(input) {
    const { network, strangerNetwork, alphaContainer, betaContainer, strangerContainer } = namesOf(input);
    return [
      tool('ping', 'a ping of exactly the MTU'),
      tool('nft', 'counting and dropping the packets of the overlay'),
      linkKind('vxlan', ['id', String(input.vni), 'dstport', String(input.port)]),
      ...HOSTS.flatMap((host) => requiredOn(host, [networkNameFree(network), imageAvailable(input.image)])),
      ...requiredOn('alpha', [alphaContainer, strangerContainer].map(containerNameFree)),
      ...requiredOn('alpha', [networkNameFree(strangerNetwork)]),
      ...requiredOn('beta', [containerNameFree(betaContainer)]),
    ];
  },
  proofs: (output) => output.proofs,
  narrative: async (facts) => (await import('./lab-overlay/narrative.ts')).narrate(facts),
});
