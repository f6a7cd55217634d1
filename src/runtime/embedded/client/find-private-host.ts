import type { Owner } from '../../../engine/model/owner.ts';
import { ownNetworkNamespace } from '../../../host/namespaces/namespace.ts';
import { allPids, ownUserId, processOf, userOfProcess } from '../../../host/processes/process.ts';
import { processFile, variableIn } from '../../../host/processes/process-files.ts';
import { CONTAINER_VARIABLE, ORIGIN_VARIABLE, PRIVATE_HOST_VARIABLE } from '../protocol/names.ts';

/** A private host that runs on this machine: its mark, and the first process in it. */
export interface FoundPrivateHost {
  readonly mark: string;
  readonly process: Owner;
}

/**
 * The private hosts of this user that were started in this network namespace, by their marks: for a sweep. Which one is a run's, its
 * journal says.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export function findPrivateHosts(): readonly FoundPrivateHost[] {
  const here = String(ownNetworkNamespace().inode);
  const own = ownUserId();
  return allPids().flatMap((pid) => {
    // The start time first, then the rest: whoever has the pid now has that start time, or is not the one that is meant.
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

/** Its pid as it counts itself is 1, and it is not a container's: what one starts is in the same pid namespace. */
function isFirstOfItsNamespace(pid: number): boolean {
  if (processFile(pid, 'environ')?.includes(`${CONTAINER_VARIABLE}=`)) return false;
  const status = processFile(pid, 'status')?.toString() ?? '';
  const pids = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
  return pids.length > 1 && pids.at(-1) === '1' && /^State:\s+[^ZX]/m.test(status);
}
