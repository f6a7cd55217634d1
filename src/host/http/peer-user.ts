import { readFileSync } from 'node:fs';

/** Both ends of an accepted TCP connection on 127.0.0.1. */
export interface LoopbackConnection {
  readonly localPort: number;
  readonly remotePort: number;
}

/** The address 127.0.0.1 in the tables of the kernel: of IPv4, and of IPv6 (::ffff:127.0.0.1). */
const TABLES = [
  { file: '/proc/net/tcp', loopback: '0100007F' },
  { file: '/proc/net/tcp6', loopback: '0000000000000000FFFF00000100007F' },
] as const;
/** Inode of a socket that its process has closed. Many kernels report root as its owner. */
const CLOSED = '0';

/**
 * Returns the uid of the process at the other end of a connection on 127.0.0.1; undefined if the kernel lists none: the process has closed
 * the connection, or is in another network namespace. The kernel reports the owner of each socket, see proc(5).
 */
export function peerUser({ localPort, remotePort }: LoopbackConnection): number | undefined {
  for (const { file, loopback } of TABLES) {
    const [local, remote] = [`${loopback}:${hex(remotePort)}`, `${loopback}:${hex(localPort)}`];
    for (const line of socketTable(file).split('\n')) {
      const [, own, other, , , , , uid, , inode] = line.trim().split(/\s+/);
      if (own === local && other === remote) return inode === CLOSED ? undefined : Number(uid);
    }
  }
  return undefined;
}

function socketTable(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Without /proc no user is known, and the connection is refused.
    return '';
  }
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
