import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import { requireTrusted } from '../../trust/trusted-path.ts';
import type { HostName } from '../model/ids.ts';
import { keyFingerprint } from './key-fingerprint.ts';

/** A host with the key that Restate has for it. */
export interface HostKey {
  readonly host: HostName;
  readonly publicKey: string;
}

/**
 * Compares keys with those of a file, one line for each host such as `web1 SHA256:Zmh6...`, and adds hosts that the file lacks.
 * @throws WfError E_UNTRUSTED for another key, or if another user could have written the file; E_USAGE
 */
export function requireKnownKeys(file: string, keys: readonly HostKey[]): void {
  requireTrusted(file, 'the file of known hosts');
  const text = using(file, () => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
  const known = parseKnownHosts(file, text);
  const added: string[] = [];
  for (const { host, publicKey } of keys) {
    const [now, before] = [keyFingerprint(publicKey), known.get(host)];
    if (before === undefined) added.push(`${host} ${now}\n`);
    else if (before !== now) {
      throw new WfError('E_UNTRUSTED', `the key of host ${host} is ${now}, and was ${before}`, {
        hint: `Compare it with the key that its agent prints on the host. If that is the same, remove the line of ${host} from ${file}.`,
      });
    }
  }
  // People may have left out the last line break.
  const lineBreak = text === '' || text.endsWith('\n') ? '' : '\n';
  if (added.length > 0) using(file, () => appendFileSync(file, lineBreak + added.join(''), { mode: 0o600 }));
}

function parseKnownHosts(file: string, text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, host, fingerprint] = /^(\S+) (SHA256:\S+)$/.exec(line) ?? [];
      if (host !== undefined && fingerprint !== undefined) return [host, fingerprint];
      throw new WfError('E_USAGE', `--known-hosts: ${file} has the line "${line}"`, {
        hint: 'Write lines such as `web1 SHA256:...`, with a fingerprint of `wf fleet hosts`.',
      });
    }),
  );
}

function using<Value>(file: string, act: () => Value): Value {
  try {
    return act();
  } catch (thrown) {
    throw new WfError('E_USAGE', `--known-hosts: ${file} cannot be used: ${asWfError(thrown).message}`, {
      hint: 'Give a file that you can read and write; wf creates it.',
      cause: thrown,
    });
  }
}
