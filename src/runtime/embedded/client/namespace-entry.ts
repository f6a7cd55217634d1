import { closeSync, openSync, statSync } from 'node:fs';
import type { Owner } from '../../../engine/model/owner.ts';
import type { NamespaceEntry } from '../../../host/commands/command.ts';
import { isAlive } from '../../../host/processes/process.ts';
import { privateHostGone } from './connection.ts';

const KINDS = ['user', 'net', 'mnt', 'uts'] as const;
type Kind = (typeof KINDS)[number];

/** The way into a private host, held open: a pid that is somebody else's by now leads nowhere. */
export interface OpenNamespaceEntry extends NamespaceEntry {
  close(): void;
}

/**
 * Holds the namespaces of a private host open. Closed before the private host ends: what is held open outlives it.
 * @throws WfError E_NAMESPACE_GONE where it has ended
 */
export function openNamespaceEntry(mark: string, owner: Owner): OpenNamespaceEntry {
  const held = new Map<Kind, number>();
  const close = () => {
    for (const descriptor of held.values()) closeSync(descriptor);
    held.clear();
  };
  try {
    for (const kind of KINDS) held.set(kind, openSync(`/proc/${owner.pid}/ns/${kind}`, 'r'));
    // Alive after the opening: so it was the process that the paths led through.
    if (!isAlive(owner)) throw privateHostGone(mark);
  } catch (thrown) {
    close();
    throw isAlive(owner) ? thrown : privateHostGone(mark);
  }
  const ownUser = statSync('/proc/self/ns/user').ino === statSync(`/proc/${owner.pid}/ns/user`).ino;
  const path = (kind: Kind) => `/proc/${process.pid}/fd/${held.get(kind)}`;
  return {
    options(network) {
      if (held.size === 0 || !isAlive(owner)) throw privateHostGone(mark);
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
