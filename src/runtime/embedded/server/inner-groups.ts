import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '../../../host/machine/errno.ts';
import { allPids } from '../../../host/processes/process.ts';
import { type ProcessGroups, signalMembers } from '../../../host/processes/process-group.ts';

/**
 * Process groups with the pids of the private host, while /proc shows those of the machine. The private host assigns pids in order: a free
 * one is not reused before tens of thousands of processes have started.
 */
export function innerGroups(): ProcessGroups & { readonly killAll: () => void } {
  const living = new Set<number>();
  const signalGroup = (leader: number, signal: NodeJS.Signals | 0): boolean =>
    living.has(leader) && signalMembers(leader, signal);
  return {
    remember: (leader) => void living.add(leader),
    forget: (leader) => void living.delete(leader),
    signal: signalGroup,
    runs: (group) => allPids().some((pid) => isOfGroup(pid, group)),
    killAll() {
      for (const leader of living) signalGroup(leader, 'SIGKILL');
    },
  };
}

function isOfGroup(pid: number, group: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    if (/^State:\s+[ZX]/m.test(status)) return false;
    const level = levelOf(readFileSync('/proc/self/status', 'utf8'));
    if (Number(columns(status, 'NSpgid')[level]) !== group) return false;
    return statSync(`/proc/${pid}/ns/pid`).ino === statSync('/proc/self/ns/pid').ino;
  } catch (thrown) {
    switch (errnoOf(thrown)) {
      // The process has ended, or does not belong to the private host: this process may inspect all that do.
      case 'ENOENT':
      case 'ESRCH':
      case 'EACCES':
      case 'EPERM':
        return false;
      default:
        throw thrown;
    }
  }
}

/** Returns the index of this namespace among the pids of a process: one per PID namespace, from the machine's inwards. */
function levelOf(ownStatus: string): number {
  return columns(ownStatus, 'NSpid').length - 1;
}

function columns(status: string, name: 'NSpid' | 'NSpgid'): readonly string[] {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
}
