import { createDockerAt } from '../docker/create-docker.ts';
import type { GivenHost } from '../engine/model/named-host.ts';
import type { Argv, CommandPort } from '../engine/ports/command.ts';
import type { DockerPort } from '../engine/ports/docker.ts';
import type { FingerprintPort } from '../engine/ports/fingerprint.ts';
import type { HostNamespacePort } from '../engine/ports/host-namespace.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { createFingerprints } from '../fingerprint/create-fingerprints.ts';
import { settingsThrough } from '../fingerprint/sections/settings/namespace-settings.ts';
import { givenNamespace } from '../host/namespaces/given-namespace.ts';

/** A named host with its access and its fingerprints. */
export interface OpenHost {
  readonly ports: HostPorts;
  readonly fingerprints: FingerprintPort;
  /** Whether it shares the network of the machine, whose fingerprint then contains it. */
  readonly sharesNetwork: boolean;
}

/** Opens a host that has a Docker engine of this machine, in a network namespace of this machine. Touches neither. */
export function openGivenHost(given: GivenHost, machine: HostPorts): OpenHost {
  const namespace = namespaceOf(given, machine);
  const ports: HostPorts = {
    clock: machine.clock,
    command: given.namespace === undefined ? machine.command : commandsIn(namespace, machine.command),
    docker: engineOf(given),
    files: machine.files,
    namespace,
    agent: null,
    get place() {
      return machine.place;
    },
  };
  const fingerprints = createFingerprints(ports, settingsThrough(ports.command));
  const sharesNetwork = given.namespace === undefined;
  return { ports, fingerprints: sharesNetwork ? ofEngineOnly(fingerprints) : fingerprints, sharesNetwork };
}

function engineOf({ engine }: GivenHost): DockerPort {
  const path = engine.slice('unix://'.length);
  const docker = createDockerAt(async () => ({ type: 'unix', path, description: engine }));
  return { ...docker, shown: (argv) => docker.shown(atEngine(engine, argv)) };
}

function namespaceOf({ engine, namespace: path, opened }: GivenHost, machine: HostPorts): HostNamespacePort {
  const namespace = path === undefined ? machine.namespace : givenNamespace({ path, opened });
  return {
    ...namespace,
    byHand: (commands) => namespace.byHand(commands.map((argv) => atEngine(engine, argv))),
  };
}

/** Adds the address of this engine to a docker command; returns any other command unchanged. */
function atEngine(engine: string, [program, ...args]: Argv): Argv {
  return program === 'docker' ? [program, '--host', engine, ...args] : [program, ...args];
}

/** Runs commands in a network namespace, unless they name another one. */
function commandsIn(namespace: HostNamespacePort, { run }: CommandPort): CommandPort {
  return { run: async (argv, options) => run(argv, { namespace: namespace.own(), ...options }) };
}

function ofEngineOnly(all: FingerprintPort): FingerprintPort {
  return { ...all, take: (facets) => all.take(facets.filter((facet) => facet === 'docker')) };
}
