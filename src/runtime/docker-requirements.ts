import { asWfError, WfError } from '../engine/model/errors.ts';
import { hasPrivateEngine, isGivenHost, type NamedHosts } from '../engine/model/named-host.ts';
import type { PreflightFinding } from '../engine/run/engine.ts';
import { checkRequirements } from '../engine/run/preflight.ts';
import { requiredOn } from '../engine/workflow/on-host.ts';
import type { Requirement } from '../engine/workflow/requirement.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { openedNamespace } from '../host/namespaces/given-namespace.ts';
import { ownUserId } from '../host/processes/process.ts';
import { dockerNetworking, localEngine, networkTools } from '../steps/docker-networking.ts';
import { tool } from '../steps/net/requirements.ts';
import { requireEngines } from './docker-hosts.ts';
import { needsUserNamespace } from './embedded/client/namespace-support.ts';
import { openGivenHost } from './given-host.ts';
import { privateNetworking } from './private-networking.ts';

/**
 * Checks the requirements of a run on the machine; with named hosts, those of their engines instead. The requirements of the workflow
 * decide whether the machine itself needs an engine.
 */
export async function checkDockerHosts(hosts: NamedHosts, machine: HostPorts): Promise<readonly PreflightFinding[]> {
  requireEngines(hosts);
  const given = Object.entries(hosts).flatMap(([name, host]) => (isGivenHost(host) ? [{ name, host }] : []));
  const startsEngines = Object.values(hosts).some(hasPrivateEngine);
  if (given.length === 0 && !startsEngines) return checkRequirements(dockerNetworking(), machine);
  const open = new Map(given.map(({ name, host }) => [name, openGivenHost(host, machine).ports]));
  const ofHosts = given.flatMap(({ name, host: { namespace } }) =>
    requiredOn(name, [...(namespace === undefined ? [] : [networkNamespace(namespace)]), ...localEngine()]),
  );
  const ofEngines = startsEngines ? privateEngines() : [];
  return checkRequirements([...ofEngines, ...networkTools(), ...ofHosts], machine, (name) => open.get(name) ?? machine);
}

/** Returns the requirements of engines that a run starts. */
function privateEngines(): readonly Requirement[] {
  return [
    root(),
    ...privateNetworking(),
    tool('dockerd', 'starting Docker engines'),
    tool('containerd', 'starting Docker engines'),
    tool('iptables', 'starting Docker engines'),
  ];
}

/** Requires root of the machine, because an engine mounts cgroups. */
function root(): Requirement {
  return {
    title: 'right to start Docker engines',
    purpose: 'starting Docker engines',
    claim: null,
    async check() {
      if (!needsUserNamespace() && ownUserId() === 0) return { met: true, found: 'root' };
      const hint = 'Run wf as root (`sudo wf ...`), or give the engines of the hosts.';
      return {
        met: false,
        error: new WfError('E_PERMISSION', 'only root may start Docker engines for a run', { hint }),
      };
    },
  };
}

/** Time limit of `true`, which only enters the namespace. */
const LIMIT_MS = 10_000;

/** Requires that the path leads to a network namespace that wf can enter. */
function networkNamespace(path: string): Requirement {
  return {
    title: `network namespace ${path}`,
    purpose: 'finding the links of the engine',
    claim: null,
    async check({ command }) {
      const { inode } = openedNamespace(path);
      try {
        await command.run(['true'], { timeoutMs: LIMIT_MS });
        return { met: true, found: String(inode) };
      } catch (thrown) {
        const error = asWfError(thrown);
        if (error.code !== 'E_HOST_COMMAND') return { met: false, error };
        const hint = 'Give the path of a network namespace, as `ip netns list` names them below /run/netns.';
        return {
          met: false,
          error: new WfError('E_INPUT', `${path} is not a network namespace`, { hint, cause: thrown }),
        };
      }
    },
  };
}
