import type { Owner } from '../../engine/owner.ts';
import { ownNetworkNamespace } from '../namespace.ts';
import { allPids, isDead, processOf, processStat } from '../process.ts';
import { processFile, variableIn } from '../process-files.ts';
import { CONTAINER_VARIABLE, ORIGIN_VARIABLE, PRIVATE_HOST_VARIABLE } from './names.ts';

/** A private host that runs on this machine: its mark, and the first process in it. */
export interface FoundPrivateHost {
  readonly mark: string;
  readonly process: Owner;
}

/** The private host with a mark, or undefined where none runs. @throws WfError E_HOST_STATE_UNKNOWN */
export function processOfPrivateHost(mark: string): Owner | undefined {
  return scan((found) => found === mark)[0]?.process;
}

/**
 * All private hosts that were started in this network namespace, and that this user can see: his own, and root those of everybody.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export function findPrivateHosts(): readonly FoundPrivateHost[] {
  const own = String(ownNetworkNamespace().inode);
  return scan(() => true).filter(({ process }) => variableOf(process.pid, ORIGIN_VARIABLE) === own);
}

/** Pids of all living processes with a mark: of the private host, of its containers, and of what they started. */
export function pidsOfPrivateHost(mark: string): readonly number[] {
  return allPids().filter((pid) => {
    if (markOf(pid) !== mark) return false;
    const stat = processStat(pid);
    return stat !== undefined && !isDead(stat);
  });
}

/** The mark of the process that is meant; undefined where it has ended, or has none. */
export function markOfProcess({ pid, startTime, bootId }: Owner): string | undefined {
  const mark = markOf(pid);
  const now = processOf(pid);
  return now?.startTime === startTime && now.bootId === bootId ? mark : undefined;
}

function scan(accepts: (mark: string) => boolean): readonly FoundPrivateHost[] {
  return allPids().flatMap((pid) => {
    if (!hasVariable(pid)) return [];
    // The start time first, then the mark: whoever has the pid now has that start time, or is not the one that is meant.
    const process = processOf(pid);
    const mark = markOf(pid);
    if (process === undefined || mark === undefined || !accepts(mark) || !isFirstOfItsNamespace(pid)) return [];
    return [{ mark, process }];
  });
}

function hasVariable(pid: number): boolean {
  return processFile(pid, 'environ')?.includes(`${PRIVATE_HOST_VARIABLE}=`) ?? false;
}

function markOf(pid: number): string | undefined {
  return variableOf(pid, PRIVATE_HOST_VARIABLE);
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
