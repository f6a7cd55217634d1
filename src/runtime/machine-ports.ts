import { createDocker } from '../docker/create-docker.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { createCommandPort } from '../host/commands/command.ts';
import { sharingReads } from '../host/commands/sharing-reads.ts';
import { execaStarter } from '../host/commands/start-command.ts';
import { createFiles } from '../host/files/create-files.ts';
import { keptFolder } from '../host/files/kept-files.ts';
import { systemClock } from '../host/machine/clock.ts';
import { ownPlace } from '../host/machine/place.ts';
import { machineNamespace } from '../host/namespaces/namespace.ts';

/**
 * Returns the ports of this machine. Finds the Docker engine like the `docker` client, from `env`.
 * @param database the database of the runs; copies of the files that they replace are stored beside it
 */
export function machinePorts(env: Readonly<Record<string, string | undefined>>, database: string): HostPorts {
  return {
    clock: systemClock,
    command: sharingReads(createCommandPort(systemClock, execaStarter)),
    docker: createDocker(env),
    files: createFiles(() => '/', keptFolder(database)),
    namespace: machineNamespace,
    agent: null,
    get place() {
      return ownPlace();
    },
  };
}
