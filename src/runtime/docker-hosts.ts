import { WfError } from '../engine/model/errors.ts';
import { hasPrivateEngine, isGivenHost, type NamedHost, type NamedHosts } from '../engine/model/named-host.ts';
import { noSuchHost } from '../engine/place/no-such-host.ts';
import type { Argv } from '../engine/ports/command.ts';
import type { ContainerInfo } from '../engine/ports/docker.ts';
import {
  type FoundHost,
  type PrivateHostIdentity,
  privateHostMark,
  type RunIdentity,
} from '../engine/ports/runtime.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { openedNamespace } from '../host/namespaces/given-namespace.ts';
import { isOurs } from '../steps/docker/engine/ownership.ts';
import { type OpenHost, openGivenHost } from './given-host.ts';
import type { PrivateRunHost } from './private-run-host.ts';

/** The named hosts of a run that have Docker engines. */
export interface DockerHosts {
  /** As the run records them. */
  readonly declared: NamedHosts;
  readonly open: ReadonlyMap<string, OpenHost>;
  /** The private host in which the run has started engines; undefined if it starts none. */
  readonly inside: PrivateRunHost | undefined;
}

/**
 * Opens the named hosts of a run, and starts the engines of those that have private ones.
 * @throws WfError E_INPUT if a given path is not a namespace; E_RUNTIME_UNAVAILABLE
 */
export async function openDockerHosts(
  run: RunIdentity,
  hosts: NamedHosts,
  recorded: PrivateHostIdentity | null,
  machine: HostPorts,
): Promise<DockerHosts> {
  requireEngines(hosts);
  const declared = Object.fromEntries(Object.entries(hosts).map(([name, host]) => [name, withIdentity(host)]));
  const inside = await openPrivateEngines(run, declared, recorded, machine);
  const open = Object.entries(declared).map(([name, host]): readonly [string, OpenHost] => {
    if (isGivenHost(host)) return [name, openGivenHost(host, machine)];
    if (inside === undefined) throw noSuchHost(name, Object.keys(hosts));
    return [name, { ports: inside.named(name), fingerprints: inside.fingerprintsOf(name), sharesNetwork: false }];
  });
  return { declared, open: new Map(open), inside };
}

/** Refuses hosts without an engine. @throws WfError E_RUNTIME_UNAVAILABLE */
export function requireEngines(hosts: NamedHosts): void {
  const name = Object.entries(hosts).find(([, { engine }]) => engine === undefined)?.[0];
  if (name === undefined) return;
  throw new WfError('E_RUNTIME_UNAVAILABLE', `the runtime docker cannot create the host ${name} without an engine`, {
    hint: `Start the run with \`--runtime embedded\`, or return an \`engine\` for ${name} from \`hosts\` of the workflow.`,
  });
}

/** Adds the identity of a given namespace, unless the run has it already. */
function withIdentity(host: NamedHost): NamedHost {
  if (!isGivenHost(host) || host.namespace === undefined || host.opened !== undefined) return host;
  return { ...host, opened: openedNamespace(host.namespace) };
}

async function openPrivateEngines(
  run: RunIdentity,
  hosts: NamedHosts,
  recorded: PrivateHostIdentity | null,
  machine: HostPorts,
): Promise<PrivateRunHost | undefined> {
  const engines = Object.fromEntries(Object.entries(hosts).filter(([, host]) => hasPrivateEngine(host)));
  if (Object.keys(engines).length === 0) return undefined;
  const { openPrivateHost } = await import('./open-private-host.ts');
  const inside = await openPrivateHost(privateHostMark(run), recorded, machine);
  try {
    await inside.provide(engines);
    return inside;
  } catch (thrown) {
    inside.close();
    throw thrown;
  }
}

/** Finds the hosts of a run for a shell. @throws WfError E_NAMESPACE_GONE if the private host with its engines is gone */
export async function findDockerHosts(
  run: RunIdentity,
  hosts: NamedHosts,
  recorded: PrivateHostIdentity | null,
  machine: HostPorts,
): Promise<FoundHost> {
  const found = ({ docker }: HostPorts, enterHost: (argv: Argv) => Argv) => ({
    containers: async () => (await docker.containers()).filter((container) => isOurs(container, run.id)),
    enter: (argv: Argv, container: ContainerInfo | null): Argv =>
      container === null ? enterHost(argv) : ['nsenter', `--net=/proc/${container.pid}/ns/net`, '--', ...argv],
  });
  let inside: FoundHost | undefined;
  return {
    ...found(machine, (argv) => argv),
    async named(name) {
      const host = hosts[name];
      if (host === undefined) throw noSuchHost(name, Object.keys(hosts));
      if (isGivenHost(host)) {
        const { ports } = openGivenHost(host, machine);
        const { process, path } = ports.namespace.own();
        return found(ports, (argv) => (process === null ? ['nsenter', `--net=${path}`, '--', ...argv] : argv));
      }
      const { findHostOfRun } = await import('./open-private-host.ts');
      inside ??= await findHostOfRun(run, hosts, recorded, machine);
      return inside.named(name);
    },
    close: () => inside?.close(),
  };
}
