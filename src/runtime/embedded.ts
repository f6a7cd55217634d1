import { WfError } from '../engine/model/errors.ts';
import type { NamedHosts } from '../engine/model/named-host.ts';
import { privateHostMark, type Runtime } from '../engine/ports/runtime.ts';
import type { PreflightFinding } from '../engine/run/engine.ts';
import { checkRequirements } from '../engine/run/preflight.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { requireSamePlace } from '../host/machine/place.ts';

/**
 * Creates the runtime that gives each run its own private host of Linux namespaces, without an engine, images or root. It leaves the
 * machine unchanged, and loads its code with the first private host.
 */
export function embeddedRuntime(machine: HostPorts): Runtime {
  return {
    name: 'embedded',
    scope: null,
    async checkMachine(hosts): Promise<readonly PreflightFinding[]> {
      requireWithoutEngines(hosts);
      const { privateNetworking } = await import('./private-networking.ts');
      return checkRequirements(privateNetworking(), machine);
    },
    // A private host has its own network namespace.
    requirePlace: (run, started, needs) => requireSamePlace(run, started, { ...needs, network: false }),
    async open(run, recorded) {
      const { openPrivateHost } = await import('./open-private-host.ts');
      const host = await openPrivateHost(privateHostMark(run), recorded, machine);
      return { ...host, provide: async (hosts) => host.provide(requireWithoutEngines(hosts)) };
    },
    async find(run, hosts, recorded) {
      const { findHostOfRun } = await import('./open-private-host.ts');
      return findHostOfRun(run, hosts, recorded, machine);
    },
  };
}

/** Refuses hosts with Docker engines. */
function requireWithoutEngines(hosts: NamedHosts): NamedHosts {
  const name = Object.entries(hosts).find(([, { engine }]) => engine !== undefined)?.[0];
  if (name === undefined) return hosts;
  throw new WfError(
    'E_RUNTIME_UNAVAILABLE',
    `the runtime embedded creates its own hosts, but ${name} has a Docker engine`,
    {
      hint: `Start the run with \`--runtime docker\`, or return \`{}\` for ${name} from \`hosts\` of the workflow.`,
    },
  );
}
