import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from './errno.ts';

/** Returns whether /proc lists processes, by which wf identifies its own and those of earlier runs. */
export function isProcMounted(): boolean {
  try {
    return readFileSync('/proc/self/stat', 'utf8').startsWith(`${process.pid} `);
  } catch {
    // Whatever the reason, it is unreadable.
    return false;
  }
}

/** Returns whether wf runs in the network namespace of the machine's first process; null if that is unreadable. */
export function isInFirstNamespace(): boolean | null {
  try {
    return statSync('/proc/1/ns/net').ino === statSync('/proc/self/ns/net').ino;
  } catch (thrown) {
    if (errnoOf(thrown) === 'EACCES' || errnoOf(thrown) === 'EPERM') return null;
    throw thrown;
  }
}

/** Returns whether packets inside a bridge pass iptables (`net.bridge.bridge-nf-call-iptables`); null if br_netfilter is not loaded. */
export function bridgesAreFiltered(): boolean | null {
  try {
    return readFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').trim() === '1';
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
