import { defineWorkflow, requiredOn } from 'wf-engine';
import {
  containerNameFree,
  hostsFrom,
  imageAvailable,
  linkKind,
  networkNameFree,
  swarmFree,
  tool,
} from 'wf-engine/steps';
import { failure } from './lab-overlay/failure.ts';
import { HOSTS, type Host, type Input, inputSchema, isOnDocker, namesOf } from './lab-overlay/input.ts';
import { isolation } from './lab-overlay/isolation.ts';
import { lookInside } from './lab-overlay/look-inside.ts';
import { lab, sequence } from './lab-overlay/machine-parts.ts';
import { encrypted } from './lab-overlay/on-docker/encrypted.ts';
import { swarm } from './lab-overlay/on-docker/swarm.ts';
import { overlay } from './lab-overlay/overlay.ts';
import { proofsOf } from './lab-overlay/proofs.ts';
import { teardown } from './lab-overlay/teardown.ts';
import { underlay } from './lab-overlay/underlay.ts';
import { verification } from './lab-overlay/verification.ts';

const machine = lab.createMachine({
  id: 'lab-overlay',
  context: ({ input }) => ({ input, names: namesOf(input), found: {} }),
  ...sequence({
    underlay: { ...underlay, onDone: [{ guard: 'onDocker' }, { target: 'overlay' }] },
    swarm,
    overlay,
    lookInside,
    isolation,
    failure: { ...failure, onDone: [{ guard: 'onDocker' }, { target: 'teardown' }] },
    encrypted,
    teardown,
    verification,
  }),
  output: ({ context }) => ({ proofs: proofsOf(context.found, context.input) }),
});

/** Returns the names that must be free on a host. */
function namesOn(host: Host, input: Input): Readonly<Record<'networks' | 'containers', readonly string[]>> {
  const names = namesOf(input);
  const { alphaContainer, strangerContainer, encryptedAlpha, betaContainer, remoteStranger, encryptedBeta } = names;
  if (isOnDocker(input)) {
    // Only a manager lists overlay networks.
    return host === 'alpha'
      ? {
          networks: [names.overlayNetwork, names.strangerNetwork, names.encryptedNetwork],
          containers: [alphaContainer, strangerContainer, encryptedAlpha],
        }
      : { networks: [], containers: [betaContainer, remoteStranger, encryptedBeta] };
  }
  return host === 'alpha'
    ? { networks: [names.network, names.strangerNetwork], containers: [alphaContainer, strangerContainer] }
    : { networks: [names.network], containers: [betaContainer] };
}

export default defineWorkflow({
  name: 'lab-overlay',
  version: '1',
  description:
    'Builds an overlay network over VXLAN on two hosts, by hand or with Docker, then inspects, breaks, repairs and removes it',
  input: inputSchema,
  machine,
  networking: true,
  hosts: ({ hosts, images }) => hostsFrom(HOSTS, hosts, images),
  requirements: (input) => [
    tool('ping', 'pings of exactly the MTU'),
    tool('nft', 'counting and dropping overlay packets'),
    linkKind('vxlan', ['id', String(input.vni), 'dstport', String(input.port)]),
    ...HOSTS.flatMap((host) =>
      requiredOn(host, [
        imageAvailable(input.image),
        ...(isOnDocker(input) ? [swarmFree()] : []),
        ...namesOn(host, input).networks.map(networkNameFree),
        ...namesOn(host, input).containers.map(containerNameFree),
      ]),
    ),
  ],
  proofs: (output) => output.proofs,
  narrative: async (facts) => (await import('./lab-overlay/narrative.ts')).narrate(facts),
});
