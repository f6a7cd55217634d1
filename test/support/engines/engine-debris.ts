import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { killIfThere } from '../host/kill.ts';

const run = promisify(execFile);
const ENDED_WITHIN_MS = 30_000;

/**
 * All processes that belong to the engine in `directory`: dockerd, containerd and its shims name the directory in their
 * command line, the processes of its containers are in a cgroup with the container's id.
 */
export async function processesOf(directory: string): Promise<number[]> {
  const containers = await containersOf(directory);
  return pids().filter((pid) => {
    if (isEngineProgram(pid) && commandLineNames(pid, directory)) return true;
    const cgroup = readProc(pid, 'cgroup');
    return containers.some((id) => cgroup.includes(id));
  });
}

/** The containerd that the dockerd in `directory` has started, without the shims of the containers. */
export function containerdsOf(directory: string): number[] {
  return pids().filter((pid) => commandLineNames(pid, directory) && programOf(pid).endsWith('/containerd'));
}

/** Signals these processes and waits until they are gone. Kills those that remain after half of the time. */
export async function endAndWait(ended: readonly number[], signal: NodeJS.Signals): Promise<void> {
  for (const pid of ended) killIfThere(pid, signal);
  const startedAt = Date.now();
  let killed = false;
  while (ended.some(isRunning)) {
    const waited = Date.now() - startedAt;
    if (waited > ENDED_WITHIN_MS)
      throw new Error(`still running after ${signal}: ${ended.filter(isRunning).join(', ')}`);
    if (waited > ENDED_WITHIN_MS / 2 && !killed) {
      killed = true;
      for (const pid of ended) killIfThere(pid, 'SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Unmounts all that is mounted below the directory, the innermost first. */
export async function unmountBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${directory}/`));
  for (const point of mounts.reverse()) await run('umount', ['--lazy', point]);
}

/** Removes the cgroups of containers that were killed without their engine. */
export async function removeCgroups(directory: string): Promise<void> {
  const containers = await containersOf(directory);
  if (containers.length === 0) return;
  const roots = ['/sys/fs/cgroup', ...(await folders('/sys/fs/cgroup')).map((name) => join('/sys/fs/cgroup', name))];
  for (const root of roots) {
    for (const id of containers) await removeCgroup(join(root, 'docker', id));
  }
}

async function removeCgroup(path: string): Promise<void> {
  for (const child of await folders(path)) await removeCgroup(join(path, child));
  await rmdir(path).catch((thrown: unknown) => {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT')) throw thrown;
  });
}

async function containersOf(directory: string): Promise<string[]> {
  return (await folders(join(directory, 'data', 'containers'))).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

async function folders(path: string): Promise<string[]> {
  try {
    return (await readdir(path, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

function commandLineNames(pid: number, directory: string): boolean {
  return readProc(pid, 'cmdline')
    .split('\0')
    .some((word) => word.includes(`${directory}/`));
}

// A test or an editor may have the directory in its command line as well.
function isEngineProgram(pid: number): boolean {
  return /\/(dockerd|containerd|containerd-shim[a-z0-9-]*|docker-proxy|runc)$/.test(programOf(pid));
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  const stat = readProc(pid, 'stat');
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return state !== '' && state !== 'Z' && state !== 'X';
}
