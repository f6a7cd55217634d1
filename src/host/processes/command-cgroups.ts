import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROCESS_MARK_VARIABLE, type ProcessMark, parseProcessMark } from '../../engine/model/process-mark.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { StartCommand } from '../commands/start-command.ts';
import { bootId, isAlive, ownUserId } from './process.ts';

const PREFIX = 'wf.';
/** Longest name of a folder on every file system. */
const LONGEST_NAME = 255;

/** A process in the cgroup of a command, by the mark of that command. */
export interface HeldProcess {
  readonly pid: number;
  readonly mark: ProcessMark;
}

interface Hierarchy {
  readonly mountPoint: string;
  /** Of wf itself, below the mount point. */
  readonly own: string;
}

let started = 0;
let isRefused = false;

/**
 * Starts each marked command in a cgroup of its own, below wf's: whatever it starts stays in there, also with a cleared environment
 * or in a session of its own. Without the right to make one, which only root is sure to have, commands are started as they are; so are
 * tools that start no process, because the kernel takes some 10 ms for each of the two moves.
 */
export function inOwnCgroup(start: StartCommand): StartCommand {
  return (line, options) => {
    const mark = startsNoProcess(line) ? undefined : parseProcessMark(options.env[PROCESS_MARK_VARIABLE] ?? '');
    const cgroup = mark === undefined ? undefined : makeCgroup(mark);
    if (cgroup === undefined) return start(line, options);
    const child = cgroup.enter(() => start(line, options));
    // Processes that the command leaves in the background keep it.
    void child.over.finally(() => removeIfEmpty(cgroup.path));
    return child;
  };
}

/** Tools that do all their work in one process; of them, only `ip netns exec` and `ip vrf exec` run a program. */
const SINGLE_PROCESS_TOOLS = new Set(['ip', 'bridge', 'tc', 'ping']);

/** Whether a command, perhaps run in a namespace by nsenter, is the process of one of these tools and never has another. */
function startsNoProcess(line: Argv): boolean {
  const [program = '', ...args] = line[0] === 'nsenter' ? line.slice(line.indexOf('--') + 1) : line;
  return SINGLE_PROCESS_TOOLS.has(program) && !args.includes('exec');
}

/** Whether the commands of this process are held by cgroups. */
export function canHoldCommands(): boolean {
  const hierarchy = findHierarchy();
  if (hierarchy === undefined) return false;
  const path = join(hierarchy.own, `${PREFIX}tried-${process.pid}`);
  try {
    mkdirSync(path);
    rmdirSync(path);
    return true;
  } catch {
    return false; // for whatever reason: commands are then started as they are
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
    /** A child is in the cgroup that its parent is in at the fork: it cannot have started anything before it is in there. */
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
    // Something is in it still, or it was never made.
  }
}

/**
 * The processes that are in cgroups of commands whose mark `accepts` accepts. Cgroups of other users are nobody's, and empty ones are
 * removed.
 */
export function heldProcesses(accepts: (mark: ProcessMark) => boolean): readonly HeldProcess[] {
  const hierarchy = findHierarchy();
  return hierarchy === undefined ? [] : heldBelow(hierarchy.mountPoint, accepts);
}

function heldBelow(path: string, accepts: (mark: ProcessMark) => boolean): readonly HeldProcess[] {
  return foldersIn(path).flatMap((name) => {
    const folder = join(path, name);
    const mark = markIn(name);
    if (mark === undefined || !isOwn(folder)) return heldBelow(folder, accepts);
    const pids = pidsBelow(folder);
    // That of a living wf may have been made a moment ago.
    if (pids.length === 0 && !isAlive(mark.owner)) removeIfEmpty(folder);
    return accepts(mark) ? pids.map((pid) => ({ pid, mark })) : heldBelow(folder, accepts);
  });
}

function pidsBelow(folder: string): readonly number[] {
  const own = textOf(join(folder, 'cgroup.procs')).split('\n').map(Number);
  // 0 is a process that this PID namespace does not see.
  return [...own.filter((pid) => pid > 0), ...foldersIn(folder).flatMap((name) => pidsBelow(join(folder, name)))];
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return []; // it was removed meanwhile
  }
}

function isOwn(folder: string): boolean {
  try {
    return statSync(folder).uid === ownUserId();
  } catch {
    return false; // it was removed meanwhile
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it was removed meanwhile
  }
}

/** The unified hierarchy; on a machine without one, that of systemd. */
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
    return undefined; // somebody else may use such a name
  }
}
