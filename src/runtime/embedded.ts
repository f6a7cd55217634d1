import { privateHostMark, type Runtime } from '../engine/ports/runtime.ts';
import type { PreflightFinding } from '../engine/run/engine.ts';
import { checkRequirements } from '../engine/run/preflight.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { requireSamePlace } from '../host/machine/place.ts';

/**
 * Creates the runtime that gives each run its own private host of Linux namespaces, without engine, images or root. It leaves the
 * machine unchanged, and loads its code with the first private host.
 */
export function embeddedRuntime(machine: HostPorts): Runtime {
  return {
    name: 'embedded',
    scope: null,
    async checkMachine(): Promise<readonly PreflightFinding[]> {
      const { privateNetworking } = await import('./private-networking.ts');
      return checkRequirements(privateNetworking(), machine);
    },
    // A private host has its own network namespace.
    requirePlace: (run, started, needs) => requireSamePlace(run, started, { ...needs, network: false }),
    async open(run, recorded) {
      const { openPrivateHost } = await import('./open-private-host.ts');
      return openPrivateHost(privateHostMark(run), recorded, machine);
    },
    async find(run, _hosts, recorded) {
      const { findHostOfRun } = await import('./open-private-host.ts');
      return findHostOfRun(run, recorded, machine.clock);
    },
  };
}
