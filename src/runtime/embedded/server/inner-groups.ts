import { readFileSync, statSync } from 'node:fs';
import { errnoOf } from '../../../host/machine/errno.ts';
import { allPids } from '../../../host/processes/process.ts';
import { type ProcessGroups, signalMembers } from '../../../host/processes/process-group.ts';

/**
 * Process groups as the private host counts pids, while /proc counts those of the machine. Numbers are given out in turn in
 * there: one that is free again is not somebody else's before tens of thousands of processes have been started.
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
      // The process has ended, or is not of the private host: this process may inspect all of those.
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

/** Index of this namespace among the pids of a process: one for each pid namespace, from the machine's inwards. */
function levelOf(ownStatus: string): number {
  return columns(ownStatus, 'NSpid').length - 1;
}

function columns(status: string, name: 'NSpid' | 'NSpgid'): readonly string[] {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/) ?? [];
}
