import { WfError } from '../engine/model/errors.ts';
import { isGivenHost, type NamedHost, type NamedHosts } from '../engine/model/named-host.ts';
import { noSuchHost } from '../engine/place/no-such-host.ts';
import type { Argv } from '../engine/ports/command.ts';
import type { ContainerInfo } from '../engine/ports/docker.ts';
import type { FoundHost, PrivateHostIdentity, RunIdentity } from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { openedNamespace } from '../host/namespaces/given-namespace.ts';
import { isOurs } from '../steps/docker/engine/ownership.ts';
import { type OpenHost, openGivenHost } from './given-host.ts';

/** The named hosts of a run that have Docker engines. */
export interface DockerHosts {
  /** As the run keeps them. */
  readonly declared: NamedHosts;
  readonly open: ReadonlyMap<string, OpenHost>;
}

/** Opens the named hosts of a run. @throws WfError E_INPUT if a given namespace is none; E_RUNTIME_UNAVAILABLE */
export async function openDockerHosts(
  _run: RunIdentity,
  hosts: NamedHosts,
  _recorded: PrivateHostIdentity | null,
  machine: HostPorts,
): Promise<DockerHosts> {
  const declared = Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, withIdentity(name, host)]));
  const open = new Map(Object.entries(declared).map(([name, host]) => [name, openHost(name, host, machine)]));
  return { declared, open };
}

/** Adds the identity of a given namespace, unless the run has it already. */
function withIdentity(name: string, host: NamedHost): NamedHost {
  if (!isGivenHost(host) || host.namespace === undefined || host.opened !== undefined) return host;
  return { ...host, opened: openedNamespace(name, host.namespace) };
}

function openHost(name: string, host: NamedHost, machine: HostPorts): OpenHost {
  if (isGivenHost(host)) return openGivenHost(name, host, machine);
  throw cannotMake(name);
}

function cannotMake(name: string): WfError {
  return new WfError('E_RUNTIME_UNAVAILABLE', `the runtime docker cannot make the host ${name} without an engine`, {
    hint: `Start the run with \`--runtime embedded\`, or return an \`engine\` for ${name} from \`hosts\` of the workflow.`,
  });
}

/** Finds the hosts of a run for a shell. */
export function findDockerHosts(
  run: RunIdentity,
  hosts: NamedHosts,
  _recorded: PrivateHostIdentity | null,
  machine: HostPorts,
): FoundHost {
  const found = ({ docker }: HostPorts, enterHost: (argv: Argv) => Argv) => ({
    containers: async () => (await docker.containers()).filter((container) => isOurs(container, run.id)),
    enter: (argv: Argv, container: ContainerInfo | null): Argv =>
      container === null ? enterHost(argv) : ['nsenter', `--net=/proc/${container.pid}/ns/net`, '--', ...argv],
  });
  return {
    ...found(machine, (argv) => argv),
    async named(name) {
      const host = hosts[name];
      if (host === undefined) throw noSuchHost(name, Object.keys(hosts));
      const { ports } = openHost(name, host, machine);
      const { process, path } = ports.namespace.own();
      return found(ports, (argv) => (process === null ? ['nsenter', `--net=${path}`, '--', ...argv] : argv));
    },
    close: () => {},
  };
}
