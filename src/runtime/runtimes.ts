import type { Runtimes } from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { dockerRuntime } from './docker.ts';
import { embeddedRuntime } from './embedded.ts';

/** Creates the runtimes of this machine. Touches nothing. */
export function createRuntimes(machine: HostPorts): Runtimes {
  return { docker: dockerRuntime(machine), embedded: embeddedRuntime(machine) };
}
