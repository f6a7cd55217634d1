import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROCESS_MARK_VARIABLE, type ProcessMark, parseProcessMark } from '../../engine/model/identity/process-mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { StartCommand } from '../commands/start-command.ts';
import { bootId, isAlive, ownUserId } from './process.ts';

const PREFIX = 'wf.';
/** Longest file name on any file system. */
const LONGEST_NAME = 255;

/** A process in the cgroup of a command, with that command's mark. */
export interface CommandProcess {
  readonly pid: number;
  readonly mark: ProcessMark;
}

interface Hierarchy {
  readonly mountPoint: string;
  /** Cgroup of wf itself, below the mount point. */
  readonly own: string;
}

let started = 0;
let isRefused = false;

/**
 * Starts each marked command in its own cgroup below wf's, which contains everything that the command starts, even with a cleared
 * environment or in another session. Commands start without a cgroup if wf may not create one, which only root always may; so do
 * tools that start no process, because the kernel takes about 10 ms for each of the two moves.
 */
export function inOwnCgroup(start: StartCommand): StartCommand {
  return (line, options) => {
    const mark = startsNoProcess(line) ? undefined : parseProcessMark(options.env[PROCESS_MARK_VARIABLE] ?? '');
    const cgroup = mark === undefined ? undefined : makeCgroup(mark);
    if (cgroup === undefined) return start(line, options);
    const child = cgroup.enter(() => start(line, options));
    // Background processes of the command keep the cgroup.
    void child.over.finally(() => removeIfEmpty(cgroup.path));
    return child;
  };
}

/** Tools that work in one process; of them, only `ip netns exec` and `ip vrf exec` run a program. */
const SINGLE_PROCESS_TOOLS = new Set(['ip', 'bridge', 'tc', 'ping']);

/** Returns whether a command, possibly run by nsenter, is one of these tools and never starts a process. */
function startsNoProcess(line: Argv): boolean {
  const [program = '', ...args] = line[0] === 'nsenter' ? line.slice(line.indexOf('--') + 1) : line;
  return SINGLE_PROCESS_TOOLS.has(program) && !args.includes('exec');
}

/** Returns whether this process can put commands into cgroups. */
export function canUseCgroups(): boolean {
  const hierarchy = findHierarchy();
  if (hierarchy === undefined) return false;
  const path = join(hierarchy.own, `${PREFIX}tried-${process.pid}`);
  try {
    mkdirSync(path);
    rmdirSync(path);
    return true;
  } catch {
    return false; // whatever the reason, commands then start without a cgroup
  }
}

function makeCgroup(mark: ProcessMark) {
  const hierarchy = isRefused ? undefined : findHierarchy();
  if (hierarchy === undefined) return undefined;
  started += 1;
  const name = nameOf(mark, started);
  if (name.length > LONGEST_NAME) return undefined;
  const path = join(hierarchy.own, name);
  const { own } = hierarchy;
  try {
    mkdirSync(path);
    moveInto(path);
  } catch {
    removeIfEmpty(path);
    isRefused = true;
    return undefined;
  }
  return {
    path,
    /** Runs `fork` in the cgroup: a child is in the cgroup of its parent at the fork, before it can start anything. */
    enter<Child>(fork: () => Child): Child {
      try {
        return fork();
      } finally {
        moveInto(own);
      }
    },
  };
}

/** Moves wf itself. */
function moveInto(path: string): void {
  writeFileSync(join(path, 'cgroup.procs'), '0');
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // The cgroup is not empty, or never existed.
  }
}

/**
 * Returns the processes in the cgroups of commands with a mark that `accepts` returns true for. Skips cgroups of other users, and removes
 * empty ones.
 */
export function processesInCgroups(accepts: (mark: ProcessMark) => boolean): readonly CommandProcess[] {
  const hierarchy = findHierarchy();
  return hierarchy === undefined ? [] : heldBelow(hierarchy.mountPoint, accepts);
}

function heldBelow(path: string, accepts: (mark: ProcessMark) => boolean): readonly CommandProcess[] {
  return foldersIn(path).flatMap((name) => {
    const folder = join(path, name);
    const mark = markIn(name);
    if (mark === undefined || !isOwn(folder)) return heldBelow(folder, accepts);
    const pids = pidsBelow(folder);
    // A live wf may have just created it.
    if (pids.length === 0 && !isAlive(mark.owner)) removeIfEmpty(folder);
    return accepts(mark) ? pids.map((pid) => ({ pid, mark })) : heldBelow(folder, accepts);
  });
}

function pidsBelow(folder: string): readonly number[] {
  const own = textOf(join(folder, 'cgroup.procs')).split('\n').map(Number);
  // 0 stands for a process outside this PID namespace.
  return [...own.filter((pid) => pid > 0), ...foldersIn(folder).flatMap((name) => pidsBelow(join(folder, name)))];
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return []; // removed meanwhile
  }
}

function isOwn(folder: string): boolean {
  try {
    return statSync(folder).uid === ownUserId();
  } catch {
    return false; // removed meanwhile
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // removed meanwhile
  }
}

/** Finds the unified hierarchy, or that of systemd on a machine without one. */
function findHierarchy(): Hierarchy | undefined {
  const mounts = textOf('/proc/self/mountinfo').split('\n');
  const cgroups = textOf('/proc/self/cgroup').split('\n');
  for (const [isMount, isCgroup] of HIERARCHIES) {
    const [, , , root, mountPoint] = mounts.find(isMount)?.split(' ') ?? [];
    const path = cgroups.find(isCgroup)?.split(':').slice(2).join(':');
    if (root === '/' && mountPoint !== undefined && path !== undefined && !path.includes('..')) {
      return { mountPoint, own: join(mountPoint, path) };
    }
  }
  return undefined;
}

const HIERARCHIES = [
  [(line: string) => line.includes(' - cgroup2 '), (line: string) => line.startsWith('0::')],
  [
    (line: string) => line.includes(' - cgroup ') && line.endsWith('name=systemd'),
    (line: string) => line.includes(':name=systemd:'),
  ],
] as const;

function nameOf({ run, step, attempt, owner }: ProcessMark, number: number): string {
  const { bootId: _ofThisBoot, ...process } = owner;
  return PREFIX + Buffer.from(JSON.stringify([run, step, attempt, process, number])).toString('base64url');
}

function markIn(name: string): ProcessMark | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  try {
    const [run, step, attempt, owner] = JSON.parse(Buffer.from(name.slice(PREFIX.length), 'base64url').toString());
    return parseProcessMark(JSON.stringify({ run, step, attempt, owner: { ...owner, bootId: bootId() } }));
  } catch {
    return undefined; // another program may use such a name
  }
}
