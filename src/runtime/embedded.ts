import type { PreflightFinding } from '../engine/engine.ts';
import { WfError } from '../engine/errors.ts';
import type { RunId } from '../engine/ids.ts';
import type { AgentPort } from '../engine/ports/agent.ts';
import type { HostNamespacePort } from '../engine/ports/host-namespace.ts';
import type { RunHost, Runtime } from '../engine/ports/runtime.ts';
import { lookAtRequirements } from '../engine/preflight.ts';
import type { HostPorts } from '../engine/step.ts';
import { createCommandPort } from '../host/command.ts';
import { holdEntrance } from '../host/embedded/entrance.ts';
import { privateHostMark } from '../host/embedded/names.ts';
import { findPrivateHost, type PrivateHost } from '../host/embedded/private-host.ts';
import { startPrivateHost } from '../host/embedded/start-private-host.ts';
import { createFingerprints } from '../host/fingerprint/create-fingerprints.ts';
import { readSection } from '../host/fingerprint/shape.ts';
import { isOurs } from '../steps/docker/ownership.ts';
import { privateAgent } from './private-agent.ts';
import { privateNetworking } from './private-networking.ts';

/** Each run has a private host of its own, made of Linux namespaces: no engine, no image, no root. The machine is not touched. */
export function embeddedRuntime(machine: HostPorts): Runtime {
  return {
    name: 'embedded',
    scope: null,
    look: (): Promise<readonly PreflightFinding[]> => lookAtRequirements(privateNetworking(), machine),
    async open(run) {
      const mark = privateHostMark(run);
      const found = await findPrivateHost(mark);
      return runHostOn(found ?? (await startPrivateHost(mark, machine.clock)), machine);
    },
    async find(run) {
      const host = await findPrivateHost(privateHostMark(run));
      if (host === undefined) throw hostGone(run.id);
      return {
        containers: async () => (await host.docker.containers()).filter((container) => isOurs(container, run.id)),
        enter: (argv, container) => host.enter(argv, container ?? undefined),
        close: () => host.close(),
      };
    },
  };
}

function hostGone(run: RunId): WfError {
  return new WfError('E_NAMESPACE_GONE', `the private host of run ${run} is gone, and all that was in it`, {
    hint: `\`wf rollback ${run}\` settles what the run did; \`wf show ${run}\` tells what it was.`,
  });
}

function runHostOn(host: PrivateHost, { clock }: HostPorts): RunHost {
  const entrance = holdEntrance(host.mark, host.process);
  const { docker } = host;
  const command = createCommandPort(clock, entrance);
  const agent: AgentPort = privateAgent(host);
  const ports: HostPorts = { clock, command, docker, namespace: namespaceOf(host), agent };
  const close = () => {
    entrance.close();
    host.close();
  };
  return {
    ports,
    fingerprints: createFingerprints(ports, async () => {
      const { sysctls, namespaces, ipv6 } = await host.settings();
      return { sysctls: readSection(sysctls), namespaces: readSection(namespaces), hasIpv6: ipv6 };
    }),
    keep: () => host.keep(),
    async end() {
      entrance.close();
      await host.end();
    },
    close,
  };
}

function namespaceOf({ process, networkNamespace, enter }: PrivateHost): HostNamespacePort {
  return {
    own: () => networkNamespace,
    holder: process,
    wayTo: () => networkNamespace.path,
    byHand(commands) {
      // There is no client for its networks and containers: they go with the private host.
      if (commands.some(([program]) => program === 'docker')) return [['kill', '-KILL', String(process.pid)]];
      return commands.map((argv) => enter(argv));
    },
  };
}
