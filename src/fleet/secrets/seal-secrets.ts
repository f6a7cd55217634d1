import { WfError } from '../../engine/model/errors.ts';
import type { HostState } from '../fleet-transport.ts';
import type { HostName } from '../model/ids.ts';
import type { Sealed, SealedSecrets } from '../model/sealed.ts';
import { type HostKey, requireKnownKeys } from './known-hosts.ts';
import { seal } from './seal.ts';

/**
 * Seals secret inputs to each of these hosts.
 * @param known the hosts of the fleet
 * @param knownHosts file with the fingerprints of their keys; null for any keys
 * @throws WfError E_HOST_NOT_FOUND for a host without a key; E_UNTRUSTED for one with another key than before
 */
export async function sealSecrets(
  secrets: Readonly<Record<string, string>>,
  definitionHash: string,
  hosts: readonly HostName[],
  known: readonly HostState[],
  knownHosts: string | null,
): Promise<SealedSecrets> {
  const keys = new Map(known.map(({ host, session }) => [host, session?.publicKey]));
  const withKeys = hosts.map((host): HostKey => {
    const publicKey = keys.get(host);
    if (publicKey !== undefined) return { host, publicKey };
    throw new WfError('E_HOST_NOT_FOUND', `no secret can be sealed to host ${host}: its agent has published no key`, {
      hint: 'Update wf on the host, and start its agent again.',
    });
  });
  if (knownHosts !== null) requireKnownKeys(knownHosts, withKeys);
  const sealed: Record<string, Sealed> = {};
  for (const { host, publicKey } of withKeys) {
    const values = Object.entries(secrets).map(
      async ([input, value]) => [input, await seal(publicKey, { host, definitionHash, input }, value)] as const,
    );
    sealed[host] = Object.fromEntries(await Promise.all(values));
  }
  return sealed;
}
