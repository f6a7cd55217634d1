import { closeSync, openSync, statSync } from 'node:fs';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import type { NamespaceEntry } from '../../../host/commands/command.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { privateHostGone } from './connection.ts';

const KINDS = ['user', 'net', 'mnt', 'uts'] as const;
type Kind = (typeof KINDS)[number];

/** Open namespaces of a private host: a reused pid leads nowhere. */
export interface OpenNamespaceEntry extends NamespaceEntry {
  close(): void;
}

/**
 * Opens the namespaces of a private host. Close them before it ends: open namespaces outlive it.
 * @throws WfError E_NAMESPACE_GONE if it has ended
 */
export function openNamespaceEntry(mark: string, owner: Owner): OpenNamespaceEntry {
  const descriptors = new Map<Kind, number>();
  const close = () => {
    for (const descriptor of descriptors.values()) closeSync(descriptor);
    descriptors.clear();
  };
  try {
    for (const kind of KINDS) descriptors.set(kind, openSync(`/proc/${owner.pid}/ns/${kind}`, 'r'));
    // The process was alive after the opening, so the paths led through it.
    if (!isAlive(owner)) throw privateHostGone(mark);
  } catch (thrown) {
    close();
    throw isAlive(owner) ? thrown : privateHostGone(mark);
  }
  const ownUser = statSync('/proc/self/ns/user').ino === statSync(`/proc/${owner.pid}/ns/user`).ino;
  const path = (kind: Kind) => `/proc/${process.pid}/fd/${descriptors.get(kind)}`;
  return {
    options(network) {
      if (descriptors.size === 0 || !isAlive(owner)) throw privateHostGone(mark);
      return [
        ...(ownUser ? [] : [`--user=${path('user')}`, '--preserve-credentials']),
        `--net=${network ?? path('net')}`,
        `--mount=${path('mnt')}`,
        `--uts=${path('uts')}`,
      ];
    },
    close,
  };
}
