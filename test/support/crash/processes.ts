import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { killIfThere } from '../host/kill.ts';

/** The identity of a process in the history, read here without wf. */
export interface SeenOwner {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}

export function ownProcessOf(pid: number): SeenOwner {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    startTime: fields[19] ?? '',
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  };
}

export interface MarkedProcess {
  readonly pid: number;
  readonly command: string;
  /** The value of WF_PROCESS. */
  readonly mark: string;
}

const markSchema = z.object({ run: z.string() });

/** The living processes of this machine that wf started for this run. */
export function processesOf(run: string): readonly MarkedProcess[] {
  return livingPids().flatMap((pid) => {
    const mark = valueIn(read(pid, 'environ'), 'WF_PROCESS');
    if (mark === undefined || runOf(mark) !== run) return [];
    return [{ pid: Number(pid), command: read(pid, 'cmdline').replaceAll('\0', ' ').trim(), mark }];
  });
}

/** A process of a private host. */
export interface PrivateProcess {
  readonly pid: number;
  /** The value of WF_PRIVATE_HOST. */
  readonly mark: string;
  /** Whether it is the first process, with which all others end. */
  readonly isFirst: boolean;
}

/** The living processes of the private hosts that were started in the mount namespace of this folder. */
export function privateProcessesIn(folder: string): readonly PrivateProcess[] {
  return livingPids().flatMap((pid) => {
    const environment = read(pid, 'environ');
    const mark = valueIn(environment, 'WF_PRIVATE_HOST');
    if (mark === undefined || !read(pid, 'mountinfo').includes(` ${folder} `)) return [];
    const isFirst = valueIn(environment, 'WF_CONTAINER') === undefined && /^NSpid:.*\t1$/m.test(read(pid, 'status'));
    return [{ pid: Number(pid), mark, isFirst }];
  });
}

/** Kills every wf that was called with this database, and the processes that it started. */
export function killAllOf(database: string): void {
  for (const pid of livingPids()) {
    if (valueIn(read(pid, 'environ'), 'WF_DB') === database) killIfThere(Number(pid));
  }
}

function livingPids(): readonly string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && !isDead(entry));
}

function valueIn(environment: string, variable: string): string | undefined {
  const line = environment.split('\0').find((one) => one.startsWith(`${variable}=`));
  return line?.slice(variable.length + 1);
}

function runOf(mark: string): string | undefined {
  try {
    return markSchema.parse(JSON.parse(mark)).run;
  } catch {
    return undefined;
  }
}

function isDead(pid: string): boolean {
  const stat = read(pid, 'stat');
  return stat === '' || /[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
}

/** Empty if the process is gone. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
