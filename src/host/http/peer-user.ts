import { readFileSync } from 'node:fs';

/** Both ends of an accepted TCP connection on 127.0.0.1. */
export interface LoopbackConnection {
  readonly localPort: number;
  readonly remotePort: number;
}

const LOOPBACK = '0100007F';

/**
 * Returns the uid of the process at the other end of a connection on 127.0.0.1; undefined if the kernel does not list it: it has ended,
 * or is in another network namespace. The kernel reports the owner of each socket in /proc/net/tcp, see proc(5).
 */
export function peerUser({ localPort, remotePort }: LoopbackConnection): number | undefined {
  const [local, remote] = [`${LOOPBACK}:${hex(remotePort)}`, `${LOOPBACK}:${hex(localPort)}`];
  for (const line of socketTable().split('\n')) {
    const [, own, other, , , , , uid] = line.trim().split(/\s+/);
    if (own === local && other === remote) return Number(uid);
  }
  return undefined;
}

function socketTable(): string {
  try {
    return readFileSync('/proc/net/tcp', 'utf8');
  } catch {
    // Without /proc nobody is known: the connection is refused.
    return '';
  }
}

function hex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}
