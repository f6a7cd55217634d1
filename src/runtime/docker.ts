import type { Runtime } from '../engine/ports/runtime.ts';
import { lookAtRequirements } from '../engine/preflight.ts';
import type { HostPorts } from '../engine/step.ts';
import { createFingerprints } from '../host/fingerprint/create-fingerprints.ts';
import { dockerNetworking } from '../steps/docker-networking.ts';

/** Runs change the machine itself, and its Docker engine. */
export function dockerRuntime(ports: HostPorts): Runtime {
  const fingerprints = createFingerprints(ports);
  return {
    name: 'docker',
    get scope() {
      return `netns:${ports.namespace.own().inode}`;
    },
    look: () => lookAtRequirements(dockerNetworking(), ports),
    open: async () => ({
      ports,
      fingerprints,
      keep: async () => {},
      renew: async () => false,
      end: async () => {},
      close: () => {},
    }),
  };
}
