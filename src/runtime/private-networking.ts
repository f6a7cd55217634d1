import type { Requirement } from '../engine/workflow/requirement.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { tool } from '../steps/net/requirements.ts';
import { startPrivateHost } from './embedded/client/start-private-host.ts';

/** What a machine must offer for private hosts: all of it is on a fresh Debian. That namespaces can be made shows when one is. */
export function privateNetworking(): readonly Requirement[] {
  return [
    tool('ip', 'reading and changing links, addresses and routes'),
    tool('nsenter', 'entering the private host and its containers'),
    tool('unshare', 'creating the private host'),
    tool('mount', 'giving the private host its own files'),
  ];
}

/** That a private host can be made here: one is, and ends again. */
export function privateHost({ clock }: Pick<HostPorts, 'clock'>): Requirement {
  return {
    title: 'private host',
    purpose: 'creating networks and containers without Docker or root',
    claim: null,
    async look() {
      const startedAt = clock.now();
      const host = await startPrivateHost(`doctor@${startedAt}`, clock);
      await host.end();
      return { met: true, found: `can be made, and took ${clock.now() - startedAt} ms` };
    },
  };
}
