import { privateHostMark, type Runtime } from '../engine/ports/runtime.ts';
import type { PreflightFinding } from '../engine/run/engine.ts';
import { checkRequirements } from '../engine/run/preflight.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { requireSamePlace } from '../host/machine/place.ts';

/**
 * Each run has a private host of its own, made of Linux namespaces: no engine, no image, no root. The machine is not touched.
 * What makes and finds private hosts is loaded with the first of them.
 */
export function embeddedRuntime(machine: HostPorts): Runtime {
  return {
    name: 'embedded',
    scope: null,
    async checkMachine(): Promise<readonly PreflightFinding[]> {
      const { privateNetworking } = await import('./private-networking.ts');
      return checkRequirements(privateNetworking(), machine);
    },
    // A private host has a network namespace of its own.
    requirePlace: (run, started, needs) => requireSamePlace(run, started, { ...needs, network: false }),
    async open(run, recorded) {
      const { openPrivateHost } = await import('./open-private-host.ts');
      return openPrivateHost(privateHostMark(run), recorded, machine.clock);
    },
    async find(run, recorded) {
      const { standingPrivateHost } = await import('./open-private-host.ts');
      return standingPrivateHost(run, recorded, machine.clock);
    },
  };
}
