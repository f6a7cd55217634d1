import type { Owner } from '../../engine/model/owner.ts';
import { PROCESS_MARK_VARIABLE, type ProcessMark, parseProcessMark } from '../../engine/model/process-mark.ts';
import type { OrphanedProcess } from '../../engine/ports/orphaned-processes.ts';
import { trustedUsers } from '../../trust/users.ts';
import { heldProcesses } from './command-cgroups.ts';
import { allPids, isDead, processOf, processStat } from './process.ts';
import { commandOf, processFile, variableIn } from './process-files.ts';

/** Bits of /proc/PID/stat's flags, from linux/sched.h. */
const PF_EXITING = 0x0000_0004;
const PF_KTHREAD = 0x0020_0000;

/** A process that carries a mark, told apart from a later one with its pid. */
export interface MarkedProcess extends OrphanedProcess {
  readonly identity: Owner;
}

export interface ProcessScan {
  readonly marked: readonly MarkedProcess[];
  /** Processes that are being loaded (in the middle of execve): whether they carry a mark cannot be told yet. */
  readonly loading: readonly number[];
}

/**
 * The processes of this machine whose mark `accepts` accepts, by the cgroup that their command was started in, and by their
 * environment at the time they were started, which their children inherit. Some 15 us for each process of the machine.
 *
 * Not seen without a cgroup: programs that gain rights when they are started, such as what a step runs with `sudo`, and one that was
 * started with a cleared environment, or has overwritten its own. With one: what another program starts for it (a service manager, a
 * container engine), and root's processes that move to another cgroup.
 * A mark in the environment of another user's process counts only if a marked process of wf's own user has started it, and still runs.
 * @throws WfError E_HOST_STATE_UNKNOWN when /proc cannot be read.
 */
export function markedProcesses(accepts: (mark: ProcessMark) => boolean): ProcessScan {
  const marked: MarkedProcess[] = [];
  const loading: number[] = [];
  const looked = new Set<number>();
  // A marked process may start another and end while the others are looked at: until nothing new is there.
  for (let pids = allPids(); pids.length > 0; pids = allPids().filter((pid) => !looked.has(pid))) {
    for (const pid of pids) {
      looked.add(pid);
      const found = look(pid);
      if (found === 'loading') loading.push(pid);
      else if (found !== 'other' && accepts(found.mark)) marked.push(found);
    }
  }
  const seen = new Set(marked.map(({ pid }) => pid));
  for (const { pid, mark } of heldProcesses(accepts)) {
    const identity = processOf(pid);
    if (identity !== undefined && !seen.has(pid)) marked.push({ pid, command: commandOf(pid), mark, identity });
  }
  return { marked, loading };
}

function look(pid: number): MarkedProcess | 'loading' | 'other' {
  const first = processFile(pid, 'environ');
  if (first === undefined) return 'other';
  if (first.length > 0 && !first.includes(VARIABLE)) return 'other';
  // The start time first, then the mark: whoever has the pid now has that start time, or is not the one that is meant.
  const identity = processOf(pid);
  const environment = processFile(pid, 'environ');
  if (identity === undefined || environment === undefined) return 'other';
  if (environment.length === 0) return isLoading(pid) && isOwn(pid) ? 'loading' : 'other';
  const mark = markIn(environment);
  if (mark === undefined || !(isOwn(pid) || isOfMarkedProcess(pid))) return 'other';
  return { pid, command: commandOf(pid), mark, identity };
}

/** Anybody can put a mark into an environment: only a process of wf's own user, or of the caller of sudo, is wf's. */
function isOwn(pid: number): boolean {
  const user = realUserOf(pid);
  return user !== undefined && trustedUsers().has(user);
}

/** Whether a process of another user comes from one of wf's own user that carries a mark: root's step has started it with `su`. */
function isOfMarkedProcess(pid: number): boolean {
  for (let at = processStat(pid)?.parent ?? 0; at > 0; at = processStat(at)?.parent ?? 0) {
    if (isOwn(at)) return markIn(processFile(at, 'environ') ?? Buffer.alloc(0)) !== undefined;
  }
  return false;
}

/**
 * The user who started a process; undefined where it is gone. Not the effective one, which a program may gain as it is started, nor the
 * owner of /proc/PID, which is root for a process that cannot be traced.
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
 * Whether a process without an environment is in the middle of execve. There the kernel first closes what the old program had
 * open (wf's sockets among it), then writes the new environment, then says where it is, then where the code is: for some 20 us
 * it looks as if the process had none. One that was given an empty environment has its code; a kernel thread never gets any;
 * and one that is ending has given its memory back, and runs no more.
 */
function isLoading(pid: number): boolean {
  const stat = processStat(pid);
  if (stat === undefined || isDead(stat) || (stat.flags & (PF_KTHREAD | PF_EXITING)) !== 0) return false;
  return stat.codeEnd === '0' || stat.environmentStart !== stat.environmentEnd;
}
