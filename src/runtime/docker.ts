import { WfError } from '../engine/model/errors.ts';
import { noSuchHost } from '../engine/place/no-such-host.ts';
import type { RunHost, Runtime } from '../engine/ports/runtime.ts';
import { checkRequirements } from '../engine/run/preflight.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { requireSamePlace } from '../host/machine/place.ts';
import { machineFingerprints } from './machine-fingerprints.ts';

/** Creates the runtime whose runs change the machine itself and its Docker engine. Observers load lazily. */
export function dockerRuntime(ports: HostPorts): Runtime {
  /** Shared by all runs: no run opens or ends it. */
  const machine: RunHost = {
    ports,
    fingerprints: machineFingerprints(ports),
    async provide(hosts) {
      const [name] = Object.keys(hosts);
      if (name !== undefined) throw cannotMake(name);
    },
    named(name) {
      throw noSuchHost(name, []);
    },
    claim: async () => {},
    identity: () => null,
    isNew: () => false,
    keep: async () => {},
    renew: async () => false,
    end: async () => {},
    close: () => {},
  };
  return {
    name: 'docker',
    get scope() {
      return `netns:${ports.namespace.own().inode}`;
    },
    async checkMachine() {
      const { dockerNetworking } = await import('../steps/docker-networking.ts');
      return checkRequirements(dockerNetworking(), ports);
    },
    requirePlace: (run, started, needs) => requireSamePlace(run, started, { ...needs, network: true }),
    async find({ id }) {
      const { isOurs } = await import('../steps/docker/engine/ownership.ts');
      return {
        containers: async () => (await ports.docker.containers()).filter((container) => isOurs(container, id)),
        enter: (argv, container) =>
          container === null ? argv : ['nsenter', `--net=/proc/${container.pid}/ns/net`, '--', ...argv],
        named: (name) => Promise.reject(noSuchHost(name, [])),
        close: () => {},
      };
    },
    open: async () => machine,
  };
}

function cannotMake(name: string): WfError {
  return new WfError('E_RUNTIME_UNAVAILABLE', `the runtime docker cannot provide the host ${name}`, {
    hint: 'Start the run with `--runtime embedded`, which makes its hosts.',
  });
}
