import { readFileSync } from 'node:fs';

/** Socket states in /proc/net, see proc(5): a listening TCP socket, an unconnected UDP socket. */
const LISTENING = { tcp: '0A', udp: '07' } as const;

/**
 * Returns whether a socket of this network namespace listens on the port at this IPv4 address, or at all addresses. For an
 * IPv6 address it finds only sockets at all addresses.
 */
export function isListening(protocol: 'tcp' | 'udp', address: string, port: number): boolean {
  const own = address
    .split('.')
    .reverse()
    .map((byte) => Number(byte).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
  const everywhere = address === '0.0.0.0' || address === '::';
  return [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].some((file) =>
    tableOf(file).some((line) => {
      const [, local = '', , state] = line.trim().split(/\s+/);
      const [at = '', number = ''] = local.split(':');
      if (state !== LISTENING[protocol] || Number.parseInt(number, 16) !== port) return false;
      return everywhere || /^0+$/.test(at) || at === own;
    }),
  );
}

function tableOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    // No IPv6, or no /proc: the Docker engine itself refuses a port in use.
    return [];
  }
}
