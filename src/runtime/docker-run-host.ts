import { noSuchHost } from '../engine/place/no-such-host.ts';
import type { PrivateHostIdentity, RunHost, RunIdentity } from '../engine/ports/runtime.ts';
import { withNamedHosts } from '../fingerprint/named-hosts.ts';
import type { DockerHosts } from './docker-hosts.ts';
import type { OpenHost } from './given-host.ts';

/**
 * Creates the host of a run on the machine, with the named hosts that have Docker engines.
 * @param own the machine, which all runs share and no run opens or ends
 */
export function dockerRunHost(own: OpenHost, run: RunIdentity, recorded: PrivateHostIdentity | null): RunHost {
  let hosts: DockerHosts | undefined;
  const host = (name: string): OpenHost => {
    const found = hosts?.open.get(name);
    if (found === undefined) throw noSuchHost(name, [...(hosts?.open.keys() ?? [])]);
    return found;
  };
  return {
    ports: own.ports,
    fingerprints: withNamedHosts(
      own.fingerprints,
      () => Object.fromEntries([...(hosts?.open ?? [])].map(([name, { fingerprints }]) => [name, fingerprints])),
      (name) => host(name).sharesNetwork,
    ),
    async provide(declared) {
      if (Object.keys(declared).length === 0) return declared;
      const { openDockerHosts } = await import('./docker-hosts.ts');
      hosts = await openDockerHosts(run, declared, recorded, own.ports);
      return hosts.declared;
    },
    named: (name) => host(name).ports,
    claim: async () => hosts?.inside?.claim(),
    identity: () => hosts?.inside?.identity() ?? null,
    isNew: () => hosts?.inside?.isNew() ?? false,
    keep: async () => hosts?.inside?.keep(),
    renew: async () => (await hosts?.inside?.renew()) ?? false,
    end: async () => hosts?.inside?.end(),
    close: () => hosts?.inside?.close(),
  };
}
