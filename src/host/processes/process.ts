import { readdirSync, readFileSync, statSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import type { Owner } from '../../engine/model/owner.ts';
import { errnoOf } from '../machine/errno.ts';
import { processFile } from './process-files.ts';

/** What wf reads from /proc/PID/stat. */
export interface ProcessStat {
  /** One letter: `R`, `S`, `D`, `T`, `Z` for a zombie, `X` for one that is about to vanish. */
  readonly state: string;
  readonly parent: number;
  readonly processGroup: number;
  /** The kernel's PF_ bits. */
  readonly flags: number;
  /** Clock ticks after boot; text, as it may grow past what a number holds exactly. */
  readonly startTime: string;
  /** Address at which its program's code ends; `0` where no program is loaded. */
  readonly codeEnd: string;
  /** Addresses between which its environment is. */
  readonly environmentStart: string;
  readonly environmentEnd: string;
}

/** The process that runs wf, so that another wf can tell whether it still lives. */
export function ownProcess(): Owner {
  const stat = readStat('self');
  if (stat === undefined) throw unreadable('/proc/self/stat', 'it does not exist');
  return { pid: process.pid, startTime: stat.startTime, bootId: bootId(), pidNamespace: ownPidNamespace() };
}

/** The process that has a pid now; undefined where there is none. @throws WfError E_HOST_STATE_UNKNOWN */
export function processOf(pid: number): Owner | undefined {
  const stat = processStat(pid);
  return stat === undefined ? undefined : { pid, startTime: stat.startTime, bootId: bootId() };
}

/** Pids of wf itself, of the process that started it, and so on up to the first. */
export function ownLineage(): ReadonlySet<number> {
  const pids = new Set<number>();
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = processStat(pid)?.parent ?? 0) pids.add(pid);
  return pids;
}

/** Pids of all processes of this machine (of this pid namespace). @throws WfError E_HOST_STATE_UNKNOWN */
export function allPids(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number);
  } catch (thrown) {
    throw unreadable('/proc', thrown);
  }
}

/** Processes of this boot that were seen to be dead, by pid and start time: none comes back. A killed wf leaves many runs. */
const seenDead = new Set<string>();
/** So that a wf that lives for years does not remember all that have died. */
const MOST_SEEN_DEAD = 1_000;

/**
 * Whether the very process still runs: not another one with its pid, not one from before the last boot. A zombie is dead. A process
 * of another PID namespace counts as alive until it is proven dead.
 * @throws WfError E_HOST_STATE_UNKNOWN when /proc cannot be read: that is not "dead".
 */
export function isAlive(owner: Owner): boolean {
  if (owner.bootId !== bootId()) return false;
  const { pidNamespace } = owner;
  if (pidNamespace !== undefined && !isOwnPidNamespace(pidNamespace)) return mayLiveElsewhere(owner, pidNamespace);
  const name = `${owner.pid} ${owner.startTime}`;
  if (seenDead.has(name)) return false;
  const stat = readStat(String(owner.pid));
  if (stat !== undefined && stat.startTime === owner.startTime && !isDead(stat)) return true;
  if (seenDead.size >= MOST_SEEN_DEAD) seenDead.clear();
  seenDead.add(name);
  return false;
}

/** Inode of the machine's first PID namespace (PROC_PID_INIT_INO): from it, all others can be seen. */
const FIRST_PID_NAMESPACE = 0xef_ff_ff_fc;

let ownNamespace: string | undefined;

/** The identity of the PID namespace that wf runs in: pids mean something in there only. */
export function ownPidNamespace(): string {
  ownNamespace ??= identityOfOwnPidNamespace();
  return ownNamespace;
}

/** Inode numbers are used again: the start of the first process in it tells one from a later one. */
function identityOfOwnPidNamespace(): string {
  const inode = pidNamespaceOf('self');
  if (inode === undefined) throw unreadable('/proc/self/ns/pid', 'it does not exist');
  const first = inode === FIRST_PID_NAMESPACE ? undefined : processStat(1);
  return first === undefined ? String(inode) : `${inode} since ${first.startTime}`;
}

function partsOf(pidNamespace: string): { readonly inode: number; readonly since: string | undefined } {
  const [inode, since] = pidNamespace.split(' since ');
  return { inode: Number(inode), since };
}

/** Whether wf runs in this PID namespace. */
export function isOwnPidNamespace(pidNamespace: string): boolean {
  const [asked, own] = [partsOf(pidNamespace), partsOf(ownPidNamespace())];
  const sinceTheSame = asked.since === undefined || own.since === undefined || asked.since === own.since;
  return asked.inode === own.inode && sinceTheSame;
}

/** Whether it is certain that a PID namespace of this boot has ended, with all processes in it. */
export function pidNamespaceIsGone(pidNamespace: string): boolean {
  if (!isInFirstPidNamespace()) return false;
  const { inode, since } = partsOf(pidNamespace);
  // Without its first process, the kernel ends all others.
  return allPids().every((pid) => {
    if (pidInside(pid) !== 1 || (pidNamespaceOf(pid) ?? inode) !== inode) return true;
    const stat = processStat(pid);
    return stat === undefined || isDead(stat) || (since !== undefined && stat.startTime !== since);
  });
}

/** Whether wf sees all processes of the machine, with all that is known of them. */
export function isInFirstPidNamespace(): boolean {
  return partsOf(ownPidNamespace()).inode === FIRST_PID_NAMESPACE && process.geteuid?.() === 0;
}

/**
 * Whether a process of another PID namespace runs, or may run where wf does not see it. wf sees those of the namespaces below its own,
 * under other pids.
 */
function mayLiveElsewhere({ pid, startTime }: Owner, pidNamespace: string): boolean {
  if (!isInFirstPidNamespace()) return true;
  const { inode } = partsOf(pidNamespace);
  return allPids().some((candidate) => {
    const stat = processStat(candidate);
    if (stat?.startTime !== startTime || isDead(stat) || pidInside(candidate) !== pid) return false;
    return (pidNamespaceOf(candidate) ?? inode) === inode;
  });
}

/** The pid that a process of a PID namespace below wf's own has in there; undefined for one of wf's own. */
function pidInside(pid: number): number | undefined {
  const pids = /^NSpid:\s*(.*)$/m.exec(processFile(pid, 'status')?.toString() ?? '')?.[1]?.split(/\s+/) ?? [];
  return pids.length < 2 ? undefined : Number(pids.at(-1));
}

/** The inode of it; undefined where there is no such process, or it may not be looked into. */
function pidNamespaceOf(pid: number | 'self'): number | undefined {
  try {
    return statSync(`/proc/${pid}/ns/pid`).ino;
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ESRCH' || errno === 'EACCES' || errno === 'EPERM') return undefined;
    throw unreadable(`/proc/${pid}/ns/pid`, thrown);
  }
}

let ownBoot: string | undefined;

/** The random id that the kernel took at the last boot, which no process outlives. */
export function bootId(): string {
  ownBoot ??= readProc('/proc/sys/kernel/random/boot_id').trim();
  return ownBoot;
}

/** Whether a process group still has a member that runs; zombies that nobody has reaped yet do not count. */
export function groupRuns(group: number): boolean {
  return allPids().some((pid) => {
    const stat = processStat(pid);
    return stat !== undefined && stat.processGroup === group && !isDead(stat);
  });
}

/** Whether it will never run again; what is left of it waits to be reaped. */
export function isDead(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

/** /proc/PID/stat, or undefined where there is no such process. @throws WfError E_HOST_STATE_UNKNOWN */
export function processStat(pid: number): ProcessStat | undefined {
  return readStat(String(pid));
}

function readStat(pid: string): ProcessStat | undefined {
  const path = `/proc/${pid}/stat`;
  try {
    return parseProcessStat(readFileSync(path, 'utf8'));
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === 'ENOENT' || errno === 'ESRCH') return undefined;
    throw unreadable(path, thrown);
  }
}

/**
 * Parses a line of /proc/PID/stat. Its second field, the command name in parentheses, may itself hold spaces and
 * parentheses: the fields are counted from the last one.
 */
export function parseProcessStat(line: string): ProcessStat {
  const afterName = line
    .slice(line.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  // Counted from 1, as proc(5) does; the first after the name is field 3.
  const field = (number: number): string => {
    const text = afterName[number - 3];
    if (text === undefined || text === '') throw unreadable('/proc/PID/stat', `unexpected content: ${line.trim()}`);
    return text;
  };
  return {
    state: field(3),
    parent: Number(field(4)),
    processGroup: Number(field(5)),
    flags: Number(field(9)),
    startTime: field(22),
    codeEnd: field(27),
    environmentStart: field(50),
    environmentEnd: field(51),
  };
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function unreadable(path: string, reason: unknown): WfError {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new WfError('E_HOST_STATE_UNKNOWN', `${path} cannot be read: ${why}`, {
    hint: 'wf needs the proc filesystem of a Linux machine mounted on /proc.',
    cause: reason,
  });
}

/**
 * The user that a process runs as, as this one counts them; undefined where there is no such process, or it runs with the rights of
 * more than one user.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export function userOfProcess(pid: number): number | undefined {
  const users = /^Uid:\s*(.*)$/m.exec(processFile(pid, 'status')?.toString() ?? '')?.[1]?.split(/\s+/) ?? [];
  const [first] = users;
  return first !== undefined && users.every((user) => user === first) ? Number(first) : undefined;
}

/** The user that wf runs as; 0 is root. */
export function ownUserId(): number {
  return process.geteuid?.() ?? -1;
}
