import type { Runtime } from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { requireSamePlace } from '../host/machine/place.ts';
import { dockerRunHost } from './docker-run-host.ts';
import { machineFingerprints } from './machine-fingerprints.ts';

/** Creates the runtime whose runs change the machine itself and its Docker engines. Loads observers lazily. */
export function dockerRuntime(ports: HostPorts): Runtime {
  const own = { ports, fingerprints: machineFingerprints(ports), sharesNetwork: true };
  return {
    name: 'docker',
    get scope() {
      return `netns:${ports.namespace.own().inode}`;
    },
    async checkMachine(hosts) {
      const { checkDockerHosts } = await import('./docker-requirements.ts');
      return checkDockerHosts(hosts, ports);
    },
    requirePlace: (run, started, needs) => requireSamePlace(run, started, { ...needs, network: true }),
    async find(run, hosts, recorded) {
      const { findDockerHosts } = await import('./docker-hosts.ts');
      return findDockerHosts(run, hosts, recorded, ports);
    },
    open: async (run, recorded) => dockerRunHost(own, run, recorded),
  };
}
