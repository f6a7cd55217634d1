import { readdirSync, readFileSync } from 'node:fs';
import { WfError } from '../engine/errors.ts';
import type { Owner } from '../engine/ports/history.ts';
import { errnoOf } from './errno.ts';

/** What wf reads from /proc/PID/stat. */
export interface ProcessStat {
  /** One letter: `R`, `S`, `D`, `T`, `Z` for a zombie, `X` for one that is about to vanish. */
  readonly state: string;
  readonly processGroup: number;
  /** Clock ticks after boot; text, as it may grow past what a number holds exactly. */
  readonly startTime: string;
}

/** The process that runs wf, so that another wf can tell whether it still lives. */
export function ownProcess(): Owner {
  const stat = readStat('self');
  if (stat === undefined) throw unreadable('/proc/self/stat', 'it does not exist');
  return { pid: process.pid, startTime: stat.startTime, bootId: bootId() };
}

/**
 * Whether the very process still runs: not another one with its pid, not one from before the last boot. A zombie is dead.
 * @throws WfError E_HOST_STATE_UNKNOWN when /proc cannot be read: that is not "dead".
 */
export function isAlive(owner: Owner): boolean {
  if (owner.bootId !== bootId()) return false;
  const stat = readStat(String(owner.pid));
  return stat !== undefined && stat.startTime === owner.startTime && !isDead(stat);
}

/** The random id that the kernel took at the last boot. */
export function bootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id').trim();
}

/** Whether a process group still has a member that runs; zombies that nobody has reaped yet do not count. */
export function groupRuns(group: number): boolean {
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    const stat = readStat(entry);
    return stat !== undefined && stat.processGroup === group && !isDead(stat);
  });
}

function isDead(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

/** /proc/PID/stat, or undefined where there is no such process. */
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
  // Fields 3, 5 and 22 of proc(5), counted from 1; the first after the name is field 3.
  const state = afterName[0];
  const processGroup = afterName[2];
  const startTime = afterName[19];
  if (state === undefined || state === '' || processGroup === undefined || startTime === undefined) {
    throw unreadable('/proc/PID/stat', `unexpected content: ${line.trim()}`);
  }
  return { state, processGroup: Number(processGroup), startTime };
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

/** The user that wf runs as; 0 is root. */
export function ownUserId(): number {
  return process.geteuid?.() ?? -1;
}
