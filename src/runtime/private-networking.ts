import type { Requirement } from '../engine/workflow/requirement.ts';
import type { HostPorts } from '../engine/workflow/step.ts';
import { tool } from '../steps/net/requirements.ts';
import { startPrivateHost } from './embedded/client/start-private-host.ts';

/** What a machine must offer for private hosts: all of it is on a fresh Debian. That namespaces can be made shows when one is. */
export function privateNetworking(): readonly Requirement[] {
  return [
    tool('ip', 'reads and alters links, addresses and routes'),
    tool('nsenter', 'enters the private host and its containers'),
    tool('unshare', 'makes the private host'),
    tool('mount', 'gives the private host files of its own'),
  ];
}

/** That a private host can be made here: one is, and ends again. */
export function privateHost({ clock }: Pick<HostPorts, 'clock'>): Requirement {
  return {
    title: 'private host',
    purpose: 'networks and containers without Docker and without root, made of namespaces',
    claim: null,
    async look() {
      const startedAt = clock.now();
      const host = await startPrivateHost(`doctor@${startedAt}`, clock);
      await host.end();
      return { met: true, found: `can be made, and took ${clock.now() - startedAt} ms` };
    },
  };
}
