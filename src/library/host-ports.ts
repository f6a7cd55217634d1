import type { HostPorts } from '../engine/step.ts';
import { systemClock } from '../host/clock.ts';
import { createCommandPort } from '../host/command.ts';
import { createDocker } from '../host/docker/create-docker.ts';

/** This machine, as step runners reach it. The Docker engine is found as the `docker` client finds it, from `env`. */
export function hostPortsOf(env: Readonly<Record<string, string | undefined>>): HostPorts {
  return { clock: systemClock, command: createCommandPort(systemClock), docker: createDocker(env) };
}
