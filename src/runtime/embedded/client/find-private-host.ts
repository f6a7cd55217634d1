import type { Owner } from '../../../engine/model/identity/owner.ts';
import { ownNetworkNamespace } from '../../../host/namespaces/namespace.ts';
import { allPids, ownUserId, processOf, userOfProcess } from '../../../host/processes/process.ts';
import { processFile, variableIn } from '../../../host/processes/process-files.ts';
import { CONTAINER_VARIABLE, ORIGIN_VARIABLE, PRIVATE_HOST_VARIABLE } from '../protocol/names.ts';

/** A live private host of this machine: its mark and its first process. */
export interface FoundPrivateHost {
  readonly mark: string;
  readonly process: Owner;
}

/**
 * Finds the private hosts of this user that were started in this network namespace, for a sweep. The journal assigns them to
 * runs.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export function findPrivateHosts(): readonly FoundPrivateHost[] {
  const here = String(ownNetworkNamespace().inode);
  const own = ownUserId();
  return allPids().flatMap((pid) => {
    // Start time first: a later process with the pid has another start time.
    const process = processOf(pid);
    const mark = variableOf(pid, PRIVATE_HOST_VARIABLE);
    if (process === undefined || mark === undefined || variableOf(pid, ORIGIN_VARIABLE) !== here) return [];
    return userOfProcess(pid) === own && isFirstOfItsNamespace(pid) ? [{ mark, process }] : [];
  });
}

function variableOf(pid: number, name: string): string | undefined {
  const environment = processFile(pid, 'environ');
  return environment === undefined ? undefined : variableIn(environment, name);
}

/** Returns whether the process is the first one of a PID namespace, but not that of a container, whose programs share one. */
function isFirstOfItsNamespace(pid: number): boolean {
  if (processFile(pid, 'environ')?.includes(`${CONTAINER_VARIABLE}=`)) return false;
  const status = processFile(pid, 'status')?.toString() ?? '';
  const pids = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  return pids.length > 1 && pids.at(-1) === '1' && /^State:\s+[^ZX]/m.test(status);
}
