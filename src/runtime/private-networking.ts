import type { Requirement } from '../engine/workflow/requirement.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { tool } from '../steps/net/requirements.ts';
import { startPrivateHost } from './embedded/client/start-private-host.ts';

/** Returns the requirements of private hosts; a fresh Debian meets all. Only `privateHost` checks whether namespaces can be created. */
export function privateNetworking(): readonly Requirement[] {
  return [
    tool('ip', 'reading and changing links, addresses and routes'),
    tool('nsenter', 'entering the private host and its containers'),
    tool('unshare', 'creating the private host'),
    tool('mount', 'giving the private host its own files'),
  ];
}

/** Requires that a private host can be created: creates one and ends it. */
export function privateHost({ clock }: Pick<HostPorts, 'clock'>): Requirement {
  return {
    title: 'private host',
    purpose: 'creating networks and containers without Docker or root',
    claim: null,
    async check() {
      const startedAt = clock.now();
      const host = await startPrivateHost(`doctor@${startedAt}`, clock);
      await host.end();
      return { met: true, found: `available (started in ${clock.now() - startedAt} ms)` };
    },
  };
}
