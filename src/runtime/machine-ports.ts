import { createDocker } from '../docker/create-docker.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { createCommandPort } from '../host/commands/command.ts';
import { execaStarter } from '../host/commands/start-command.ts';
import { systemClock } from '../host/machine/clock.ts';
import { ownPlace } from '../host/machine/place.ts';
import { machineNamespace } from '../host/namespaces/namespace.ts';

/** Returns the ports of this machine. Finds the Docker engine like the `docker` client, from `env`. */
export function machinePorts(env: Readonly<Record<string, string | undefined>>): HostPorts {
  return {
    clock: systemClock,
    command: createCommandPort(systemClock, execaStarter),
    docker: createDocker(env),
    namespace: machineNamespace,
    agent: null,
    get place() {
      return ownPlace();
    },
  };
}
