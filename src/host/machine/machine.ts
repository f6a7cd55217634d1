import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from './errno.ts';

/** Whether /proc tells of processes; wf knows its own and those of earlier runs by it. */
export function procIsThere(): boolean {
  try {
    return readFileSync('/proc/self/stat', 'utf8').startsWith(`${process.pid} `);
  } catch {
    // Whatever the reason: nothing can be learned from it.
    return false;
  }
}

/** Whether wf runs in the network namespace of the machine's first process; null where that may not be looked at. */
export function isInFirstNamespace(): boolean | null {
  try {
    return statSync('/proc/1/ns/net').ino === statSync('/proc/self/ns/net').ino;
  } catch (thrown) {
    if (errnoOf(thrown) === 'EACCES' || errnoOf(thrown) === 'EPERM') return null;
    throw thrown;
  }
}

/** Whether packets inside a bridge pass iptables (`net.bridge.bridge-nf-call-iptables`); null where br_netfilter is not loaded. */
export function bridgesAreFiltered(): boolean | null {
  try {
    return readFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').trim() === '1';
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
