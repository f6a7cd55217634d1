import { statSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../machine/errno.ts';

/** A namespace that a file leads to. */
export interface NamedNamespace {
  readonly inode: number;
  readonly born: string;
}

/**
 * Returns the change time of a namespace's inode, in nanoseconds since the epoch. It is constant while a file of /run/netns leads to
 * the namespace, and no user can set it.
 */
export function bornAt({ ctimeNs }: { readonly ctimeNs: bigint }): string {
  return String(ctimeNs);
}

/**
 * Returns the namespace that a path of /run/netns leads to; `file` for a file to which none is mounted, as a killed `ip netns add`
 * leaves one; null if the path does not exist.
 * @throws WfError E_HOST_STATE_UNKNOWN if that cannot be read
 */
export function findNamedNamespace(path: string): NamedNamespace | 'file' | null {
  try {
    const found = statSync(path, { bigint: true });
    const isNamespace = found.dev === statSync('/proc/self/ns/net', { bigint: true }).dev;
    return isNamespace ? { inode: Number(found.ino), born: bornAt(found) } : 'file';
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw new WfError('E_HOST_STATE_UNKNOWN', `${path}: cannot read: ${errnoOf(thrown) ?? String(thrown)}`, {
      hint: 'Run wf as root, or as the user of the private host.',
      cause: thrown,
    });
  }
}
