import type { HostPorts } from '../engine/step.ts';
import { systemClock } from './clock.ts';
import { createCommandPort } from './command.ts';
import { createDocker } from './docker/create-docker.ts';
import { machineNamespace } from './namespace.ts';
import { ownPlace } from './place.ts';
import { throughExeca } from './start-command.ts';

/** This machine, as step runners reach it. The Docker engine is found as the `docker` client finds it, from `env`. */
export function machinePorts(env: Readonly<Record<string, string | undefined>>): HostPorts {
  return {
    clock: systemClock,
    command: createCommandPort(systemClock, throughExeca),
    docker: createDocker(env),
    namespace: machineNamespace,
    agent: null,
    get place() {
      return ownPlace();
    },
  };
}
