import { WfError } from '../../engine/model/errors.ts';
import type { HostName } from '../model/ids.ts';
import type { Sealed } from '../model/sealed.ts';
import { unseal } from './seal.ts';

/** Opens the secret inputs that were sealed to this host. @throws WfError E_INPUT if one was not, or for another workflow */
export type OpenSecrets = (
  sealed: Sealed | undefined,
  definitionHash: string,
) => Promise<Readonly<Record<string, string>>>;

/** @param seed that of the key pair of this host */
export function openSecretsOf(host: HostName, seed: string): OpenSecrets {
  return async (sealed = {}, definitionHash) => {
    const values: Record<string, string> = {};
    for (const [input, text] of Object.entries(sealed)) {
      try {
        values[input] = await unseal(seed, { host, definitionHash, input }, text);
      } catch (thrown) {
        throw new WfError('E_INPUT', `input ${input}: its value was not sealed to this host for this workflow`, {
          hint: 'Start the workflow again with `wf fleet start`: the key of the host may have changed.',
          cause: thrown,
        });
      }
    }
    return values;
  };
}
