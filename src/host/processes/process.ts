import { readdirSync, readFileSync, statSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import type { Owner } from '../../engine/model/identity/owner.ts';
import { errnoOf } from '../machine/errno.ts';
import { processFile } from './process-files.ts';

/** Fields of /proc/PID/stat. */
export interface ProcessStat {
  /** One letter: `R`, `S`, `D`, `T`, `Z` for a zombie, `X` for a vanishing one. */
  readonly state: string;
  readonly parent: number;
  readonly processGroup: number;
  /** PF_ bits of the kernel. */
  readonly flags: number;
  /** Clock ticks after boot; text, because it may exceed the exact range of a number. */
  readonly startTime: string;
  /** End address of its program's code; `0` if no program is loaded. */
  readonly codeEnd: string;
  /** Start address of its environment. */
  readonly environmentStart: string;
  readonly environmentEnd: string;
}

/** Returns the process that runs wf, so that another wf can check whether it is alive. */
export function ownProcess(): Owner {
  const stat = readStat('self');
  if (stat === undefined) throw unreadable('/proc/self/stat', 'it does not exist');
  return { pid: process.pid, startTime: stat.startTime, bootId: bootId(), pidNamespace: ownPidNamespace() };
}

/** Returns the process that has a pid now, or undefined. @throws WfError E_HOST_STATE_UNKNOWN */
export function processOf(pid: number): Owner | undefined {
  const stat = processStat(pid);
  return stat === undefined ? undefined : { pid, startTime: stat.startTime, bootId: bootId() };
}

/** Returns the pids of wf, of its parent, and so on up to the first process. */
export function ownLineage(): ReadonlySet<number> {
  const pids = new Set<number>();
  for (let pid = process.pid; pid > 0 && !pids.has(pid); pid = processStat(pid)?.parent ?? 0) pids.add(pid);
  return pids;
}

/** Returns the pids of all processes of this PID namespace. @throws WfError E_HOST_STATE_UNKNOWN */
export function allPids(): readonly number[] {
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number);
  } catch (thrown) {
    throw unreadable('/proc', thrown);
  }
}

/** Dead processes of this boot by pid and start time, a cache: a dead process stays dead, and a killed wf leaves many runs. */
const seenDead = new Set<string>();
/** Limits the memory of a wf that runs for years. */
const MOST_SEEN_DEAD = 1_000;

/**
 * Returns whether exactly this process still runs: not another one with its pid, not one from before the last boot. A zombie is
 * dead. A process of another PID namespace counts as alive until it is proven dead.
 * @throws WfError E_HOST_STATE_UNKNOWN if /proc cannot be read: that is not "dead".
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

/** Inode of the machine's first PID namespace (PROC_PID_INIT_INO), from which all others are visible. */
const FIRST_PID_NAMESPACE = 0xef_ff_ff_fc;

let ownNamespace: string | undefined;

/** Returns the identity of wf's PID namespace, in which its pids are valid. */
export function ownPidNamespace(): string {
  ownNamespace ??= identityOfOwnPidNamespace();
  return ownNamespace;
}

/** Inode numbers are reused: the start time of the first process distinguishes a namespace from a later one. */
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

/** Returns whether wf runs in this PID namespace. */
export function isOwnPidNamespace(pidNamespace: string): boolean {
  const [asked, own] = [partsOf(pidNamespace), partsOf(ownPidNamespace())];
  const sinceTheSame = asked.since === undefined || own.since === undefined || asked.since === own.since;
  return asked.inode === own.inode && sinceTheSame;
}

/** Returns whether a PID namespace of this boot has certainly ended, with all its processes. */
export function pidNamespaceIsGone(pidNamespace: string): boolean {
  if (!isInFirstPidNamespace()) return false;
  const { inode, since } = partsOf(pidNamespace);
  // The kernel kills all processes of a PID namespace when its first one ends.
  return allPids().every((pid) => {
    if (pidInside(pid) !== 1 || (pidNamespaceOf(pid) ?? inode) !== inode) return true;
    const stat = processStat(pid);
    return stat === undefined || isDead(stat) || (since !== undefined && stat.startTime !== since);
  });
}

/** Returns whether wf sees all processes of the machine. */
export function isInFirstPidNamespace(): boolean {
  return partsOf(ownPidNamespace()).inode === FIRST_PID_NAMESPACE && process.geteuid?.() === 0;
}

/**
 * Returns whether a process of another PID namespace runs, or may run where wf cannot see it. wf sees the processes of namespaces
 * below its own, with other pids.
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

/** Returns the pid that a process has in a PID namespace below wf's own; undefined for a process of wf's own. */
function pidInside(pid: number): number | undefined {
  const pids = /^NSpid:\s*(.*)$/m.exec(processFile(pid, 'status')?.toString() ?? '')?.[1]?.split(/\s+/) ?? [];
  return pids.length < 2 ? undefined : Number(pids.at(-1));
}

/** Returns the inode of its PID namespace; undefined if the process does not exist or may not be inspected. */
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

/** Returns the random id of the current boot, which no process outlives. */
export function bootId(): string {
  ownBoot ??= readProc('/proc/sys/kernel/random/boot_id').trim();
  return ownBoot;
}

/** Returns whether a process group still has a running member; zombies do not count. */
export function groupRuns(group: number): boolean {
  return allPids().some((pid) => {
    const stat = processStat(pid);
    return stat !== undefined && stat.processGroup === group && !isDead(stat);
  });
}

/** Returns whether the process will never run again and only waits to be reaped. */
export function isDead(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

/** Reads /proc/PID/stat; undefined if the process does not exist. @throws WfError E_HOST_STATE_UNKNOWN */
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
 * Parses a line of /proc/PID/stat. The second field, the command name in parentheses, may contain spaces and parentheses: fields
 * are counted from the last parenthesis.
 */
export function parseProcessStat(line: string): ProcessStat {
  const afterName = line
    .slice(line.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  // Counted from 1, like proc(5); the first after the name is field 3.
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
  return new WfError('E_HOST_STATE_UNKNOWN', `${path}: cannot read: ${why}`, {
    hint: 'Mount the proc filesystem of a Linux machine on /proc.',
    cause: reason,
  });
}

/**
 * Returns the uid of a process in this user namespace; undefined if the process does not exist or has the
 * rights of several users.
 * @throws WfError E_HOST_STATE_UNKNOWN
 */
export function userOfProcess(pid: number): number | undefined {
  const users = /^Uid:\s*(.*)$/m.exec(processFile(pid, 'status')?.toString() ?? '')?.[1]?.split(/\s+/) ?? [];
  const [first] = users;
  return first !== undefined && users.every((user) => user === first) ? Number(first) : undefined;
}

/** Returns the user that wf runs as; 0 is root. */
export function ownUserId(): number {
  return process.geteuid?.() ?? -1;
}

/** Continues a process that is stopped (SIGSTOP, or by its terminal); does nothing to any other. */
export function continueIfStopped({ pid, startTime, pidNamespace }: Owner): void {
  if (pidNamespace !== undefined && !isOwnPidNamespace(pidNamespace)) return;
  const stat = processStat(pid);
  if (stat?.startTime === startTime && stat.state === 'T') process.kill(pid, 'SIGCONT');
}
