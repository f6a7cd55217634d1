import type { FingerprintPort } from '../../../src/engine/ports/fingerprint.ts';
import type { Runtime, Runtimes } from '../../../src/engine/ports/runtime.ts';
import type { HostPorts } from '../../../src/engine/workflow/step.ts';
import { requireSamePlace } from '../../../src/host/machine/place.ts';

/** Both runtimes on one shared host. */
export function runtimesOn(ports: HostPorts, fingerprints: FingerprintPort, scope: string): Runtimes {
  const runtime = (name: Runtime['name']): Runtime => ({
    name,
    scope,
    checkMachine: async () => [],
    requirePlace: (run, started, needs) => requireSamePlace(run, started, { ...needs, network: true }),
    find: () => Promise.reject(new Error('this test has no host to look around in')),
    open: async () => ({
      ports,
      fingerprints,
      provide: async (hosts) => hosts,
      named: () => ports,
      claim: async () => {},
      identity: () => null,
      isNew: () => false,
      keep: async () => {},
      renew: async () => false,
      end: async () => {},
      close: () => {},
    }),
  });
  return { docker: runtime('docker'), embedded: runtime('embedded') };
}
