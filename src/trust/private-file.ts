import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { WfError } from '../engine/model/errors.ts';
import { requireTrusted } from './trusted-path.ts';
import { trustedUsers } from './users.ts';

const GROUP_AND_OTHERS = 0o077;

/**
 * Reads a file with a secret, which only its owner may read: root, the user of wf or the caller of sudo.
 * @param what name for the message, such as `the private key`
 * @throws WfError E_UNTRUSTED; the error of the system
 */
export function readPrivateFile(file: string, what: string): string {
  requireTrusted(file, what);
  const descriptor = openSync(file, 'r');
  try {
    const { uid, mode } = fstatSync(descriptor);
    if (trustedUsers().has(uid) && (mode & GROUP_AND_OTHERS) === 0) return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
  throw new WfError('E_UNTRUSTED', `${what} can be read by others: ${file}`, {
    hint: `Give it to the user of wf alone: \`chmod 600 ${file}\`. Replace it if others may have read it.`,
    details: { path: file },
  });
}
