import type { Owner } from '../../engine/model/identity/owner.ts';
import { PROCESS_MARK_VARIABLE, type ProcessMark, parseProcessMark } from '../../engine/model/identity/process-mark.ts';
import type { OrphanedProcess } from '../../engine/ports/orphaned-processes.ts';
import { trustedUsers } from '../../trust/users.ts';
import { processesInCgroups } from './command-cgroups.ts';
import { allPids, isDead, processOf, processStat } from './process.ts';
import { commandOf, processFile, variableIn } from './process-files.ts';

/** Bits of the flags in /proc/PID/stat, from linux/sched.h. */
const PF_EXITING = 0x0000_0004;
const PF_KTHREAD = 0x0020_0000;

/** A process with a mark; its start time distinguishes it from a later one with its pid. */
export interface MarkedProcess extends OrphanedProcess {
  readonly identity: Owner;
}

export interface ProcessScan {
  readonly marked: readonly MarkedProcess[];
  /** Processes in the middle of execve, whose mark is not readable yet. */
  readonly loading: readonly number[];
}

/**
 * Returns the processes of this machine with a mark that `accepts` returns true for. Finds marks by the cgroup of the command and in the
 * initial environment, which children inherit. Takes about 15 us for each process of the machine.
 * Without a cgroup it misses programs that gain rights at their start, such as with `sudo`, and processes with a cleared or
 * overwritten environment. With one it misses processes that another program starts for the command (a service manager, a
 * container engine), and root's processes that move to another cgroup. A mark in the environment of another user's process counts
 * only if a live marked process of wf's own user started it.
 * @throws WfError E_HOST_STATE_UNKNOWN if /proc cannot be read.
 */
export function markedProcesses(accepts: (mark: ProcessMark) => boolean): ProcessScan {
  const marked: MarkedProcess[] = [];
  const loading: number[] = [];
  const scanned = new Set<number>();
  // A marked process may start another one and end during the scan: repeats until there are no new processes.
  for (let pids = allPids(); pids.length > 0; pids = allPids().filter((pid) => !scanned.has(pid))) {
    for (const pid of pids) {
      scanned.add(pid);
      const found = inspect(pid);
      if (found === 'loading') loading.push(pid);
      else if (found !== 'other' && accepts(found.mark)) marked.push(found);
    }
  }
  const seen = new Set(marked.map(({ pid }) => pid));
  for (const { pid, mark } of processesInCgroups(accepts)) {
    const identity = processOf(pid);
    if (identity !== undefined && !seen.has(pid)) marked.push({ pid, command: commandOf(pid), mark, identity });
  }
  return { marked, loading };
}

function inspect(pid: number): MarkedProcess | 'loading' | 'other' {
  const first = processFile(pid, 'environ');
  if (first === undefined) return 'other';
  if (first.length > 0 && !first.includes(VARIABLE)) return 'other';
  // Start time first, then mark: a later process with the pid has another start time.
  const identity = processOf(pid);
  const environment = processFile(pid, 'environ');
  if (identity === undefined || environment === undefined) return 'other';
  if (environment.length === 0) return isLoading(pid) && isOwn(pid) ? 'loading' : 'other';
  const mark = markIn(environment);
  if (mark === undefined || !(isOwn(pid) || isOfMarkedProcess(pid))) return 'other';
  return { pid, command: commandOf(pid), mark, identity };
}

/** Any user can put a mark into an environment: only processes of wf's own user, or of the caller of sudo, count. */
function isOwn(pid: number): boolean {
  const user = realUserOf(pid);
  return user !== undefined && trustedUsers().has(user);
}

/**
 * Returns whether a process of another user descends from a marked process of wf's own user: a step of root may have started it
 * with `su`.
 */
function isOfMarkedProcess(pid: number): boolean {
  for (let at = processStat(pid)?.parent ?? 0; at > 0; at = processStat(at)?.parent ?? 0) {
    if (isOwn(at)) return markIn(processFile(at, 'environ') ?? Buffer.alloc(0)) !== undefined;
  }
  return false;
}

/**
 * Returns the real user of a process; undefined if it is gone. The effective user may change at the start of a program, and the
 * owner of /proc/PID is root for an untraceable process.
 */
function realUserOf(pid: number): number | undefined {
  const [, real] = /^Uid:\s+(\d+)/m.exec(processFile(pid, 'status')?.toString() ?? '') ?? [];
  return real === undefined ? undefined : Number(real);
}

const VARIABLE = `${PROCESS_MARK_VARIABLE}=`;

function markIn(environment: Buffer): ProcessMark | undefined {
  const text = variableIn(environment, PROCESS_MARK_VARIABLE);
  return text === undefined ? undefined : parseProcessMark(text);
}

/**
 * Returns whether a process without an environment is in the middle of execve. There the kernel closes the old program's files
 * (wf's sockets included), writes the new environment, then records its place, then that of the code: for about 20 us the process
 * seems to have none. A process started with an empty environment has its code; a kernel thread never has any; an ending process
 * has released its memory.
 */
function isLoading(pid: number): boolean {
  const stat = processStat(pid);
  if (stat === undefined || isDead(stat) || (stat.flags & (PF_KTHREAD | PF_EXITING)) !== 0) return false;
  return stat.codeEnd === '0' || stat.environmentStart !== stat.environmentEnd;
}
