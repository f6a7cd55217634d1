import { hasPrivateEngine, type NamedHosts } from '../engine/model/named-host.ts';
import type { Argv } from '../engine/ports/command.ts';
import type { ContainerInfo } from '../engine/ports/docker.ts';
import {
  type FoundHost,
  type PrivateHostIdentity,
  privateHostMark,
  type RunIdentity,
} from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { isAlive } from '../host/processes/process.ts';
import { isOurs } from '../steps/docker/engine/ownership.ts';
import { privateHostGone } from './embedded/client/connection.ts';
import { findKeptPrivateHost } from './embedded/client/find-kept-private-host.ts';
import type { InnerHost } from './embedded/client/private-host.ts';
import { startPrivateHost } from './embedded/client/start-private-host.ts';
import { type PrivateRunHost, privateRunHost } from './private-run-host.ts';

/** Opens the private host of this mark: the recorded one if it is alive, otherwise a new one. */
export async function openPrivateHost(
  mark: string,
  recorded: PrivateHostIdentity | null,
  machine: Pick<HostPorts, 'clock' | 'files' | 'docker'>,
): Promise<PrivateRunHost> {
  const { clock } = machine;
  const start = () => startPrivateHost(mark, clock);
  for (;;) {
    const found = await findKeptPrivateHost(mark, recorded, clock);
    try {
      return await privateRunHost(found, start, machine);
    } catch (thrown) {
      // Another process has just ended the found one: it is gone at the next attempt.
      if (found === undefined || isAlive(found.process)) throw thrown;
      found.close();
    }
  }
}

/** Opens the private host that a run has left in place. @throws WfError E_NAMESPACE_GONE if it is gone */
export async function findHostOfRun(
  run: RunIdentity,
  hosts: NamedHosts,
  recorded: PrivateHostIdentity | null,
  { clock, docker: engine }: Pick<HostPorts, 'clock' | 'docker'>,
): Promise<FoundHost> {
  const mark = privateHostMark(run);
  const host = await findKeptPrivateHost(mark, recorded, clock);
  if (host === undefined) throw privateHostGone(mark);
  const found = ({ docker, enter }: InnerHost) => ({
    containers: async () => (await docker.containers()).filter((container) => isOurs(container, run.id)),
    enter: (argv: Argv, container: ContainerInfo | null) => enter(argv, container ?? undefined),
  });
  return {
    ...found(host),
    named: async (name) => {
      const declared = hosts[name];
      const hasEngine = declared !== undefined && hasPrivateEngine(declared);
      return found(await host.provide(name, hasEngine ? { machine: engine, files: declared.images ?? [] } : undefined));
    },
    close: () => host.close(),
  };
}
