import type { Owner } from '../../../../engine/model/identity/owner.ts';
import { allPids, processStat } from '../../../../host/processes/process.ts';
import { processFile } from '../../../../host/processes/process-files.ts';

/**
 * Returns the pid on the machine of the process that has this pid in a private host, itself or in a container there; 0 if there is none.
 * @param owner the first process of the private host
 */
export function pidOnMachine(owner: Owner, inner: number): number {
  if (inner === 0) return 0;
  // One pid for each PID namespace, from the machine's inwards.
  const level = pidsOf(owner.pid).length - 1;
  if (level < 0) return 0;
  return allPids().find((pid) => pidsOf(pid)[level] === String(inner) && descendsFrom(pid, owner.pid)) ?? 0;
}

function pidsOf(pid: number): readonly string[] {
  const status = processFile(pid, 'status')?.toString() ?? '';
  return /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
}

function descendsFrom(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1; at = processStat(at)?.parent ?? 0) if (at === ancestor) return true;
  return false;
}
