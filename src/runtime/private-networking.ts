import type { Requirement } from '../engine/requirement.ts';
import { tool } from '../steps/net/requirements.ts';

/** What a machine must offer for private hosts: all of it is on a fresh Debian. That namespaces can be made shows when one is. */
export function privateNetworking(): readonly Requirement[] {
  return [
    tool('ip', 'reads and alters links, addresses and routes'),
    tool('nsenter', 'enters the private host and its containers'),
    tool('unshare', 'makes the private host'),
    tool('mount', 'gives the private host files of its own'),
  ];
}
