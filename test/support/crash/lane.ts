import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { sharedCache } from '../command/shared-cache.ts';
import { type RunningWf, startWf, type WfEnd } from '../command/wf-process.ts';
import { removeEngine, startEngine } from '../engines/engine.ts';
import { ensureImages } from '../engines/images.ts';
import type { Tool } from '../host/host-state.ts';
import { killAllOf } from './processes.ts';

/** The points at which wf kills itself, and the log of those that it reaches (see src/host/workflow-code/crash-points.ts). */
export interface CrashOrders {
  /** The crash point at which the process kills itself, the first time that it reaches it. */
  readonly at?: string;
  /** The crash point at which the process stops itself (SIGSTOP), the first time that it reaches it. */
  readonly haltAt?: string;
  /** The file to which each crash point that is reached is appended, one a line. */
  readonly log?: string;
  /** Another database than the lane's. */
  readonly database?: string;
}

/** A network namespace in which runs are killed and nothing else happens, and a project with a database beside it. */
export interface Lane {
  readonly folder: string;
  readonly database: string;
  /** The namespace, as `nsenter --net=` takes it. */
  readonly namespace: string;
  /** That of its engine, or one without a listener. */
  readonly dockerHost: string;
  /** Runs a program in the namespace, with the Docker engine of the lane if it has one. */
  readonly tool: Tool;
  /** Calls wf there. */
  start(args: readonly string[], orders?: CrashOrders): RunningWf;
  /** Calls wf there, and waits for its end. */
  wf(args: readonly string[], orders?: CrashOrders): Promise<WfEnd>;
  /** Writes a file of the project. */
  write(name: string, text: string, mode?: number): string;
  /** Removes everything; with `keepFolder`, everything except the project and its database. */
  close(keepFolder?: boolean): Promise<void>;
}

/** A lane with its own Docker engine and the test images. */
export async function openDockerLane(): Promise<Lane> {
  const engine = await startEngine();
  try {
    await ensureImages(engine.dockerHost);
    return laneIn({
      namespace: `/run/netns/${engine.namespace}`,
      env: { DOCKER_HOST: engine.dockerHost },
      takeAway: () => removeEngine(engine),
    });
  } catch (thrown) {
    await removeEngine(engine);
    throw thrown;
  }
}

/** A socket without a listener, so that no engine of the machine is used. */
const NO_DOCKER = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

/** A lane without Docker. */
export async function openBareLane(): Promise<Lane> {
  const holder = await holdNamespace();
  const lane = laneIn({ namespace: holder.namespace, env: NO_DOCKER, takeAway: holder.end });
  await lane.tool('ip', 'link', 'set', 'lo', 'up');
  return lane;
}

/** A network namespace that a process keeps alive. */
export interface HeldNamespace {
  readonly pid: number;
  readonly namespace: string;
  readonly inode: number;
  end(): Promise<void>;
}

/** A new network namespace, which ends with this process at the latest. */
export async function holdNamespace(): Promise<HeldNamespace> {
  const holder = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', '--net', 'sleep', 'infinity'], {
    stdio: 'ignore',
  });
  const { pid } = holder;
  if (pid === undefined) throw new Error('setpriv could not be started');
  const namespace = `/proc/${pid}/ns/net`;
  const own = readlinkSync('/proc/self/ns/net');
  while (readlinkSync(namespace) === own) await new Promise((resolve) => setTimeout(resolve, 2));
  return { pid, namespace, inode: statSync(namespace).ino, end: () => killAndWait(holder) };
}

interface LaneParts {
  readonly namespace: string;
  /** The folder, if it already exists. */
  readonly folder?: string;
  /** The prefix of tools, if it is not just the namespace; ends with `--`. */
  readonly through?: readonly string[];
  /** The additional prefix of wf. */
  readonly asUser?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  takeAway(): Promise<void>;
}

/** Creates the empty folder of a lane. */
export function newLaneFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'wf-crash-'));
}

export function laneIn({ namespace, folder = newLaneFolder(), asUser = [], takeAway, ...parts }: LaneParts): Lane {
  mkdirSync(path.join(folder, 'workflows'));
  writeFileSync(path.join(folder, '.wf'), '');
  const database = path.join(folder, 'wf.db');
  const through = parts.through ?? ['nsenter', `--net=${namespace}`, '--'];
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: path.join(folder, 'home'),
    ...sharedCache(asUser.length === 0 ? 'self' : 'ordinary user'),
    WF_DB: database,
    ...parts.env,
  };
  const start = (args: readonly string[], { database: other = database, ...orders }: CrashOrders = {}) =>
    startWf(args, {
      cwd: folder,
      through: [...through, ...asUser],
      env: { ...env, WF_DB: other, ...environmentOf(orders) },
    });
  const toolEnv = { ...env, PATH: process.env['PATH'] ?? '' };
  return {
    folder,
    database,
    namespace,
    dockerHost: parts.env['DOCKER_HOST'] ?? '',
    start,
    wf: (args, orders) => start(args, orders).end,
    tool: async (file, ...args) =>
      (await execa('nsenter', [...through.slice(1), file, ...args], { env: toolEnv })).stdout,
    write(name, text, mode = 0o644) {
      const file = path.join(folder, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text, { mode });
      return file;
    },
    async close(keepFolder = false) {
      killAllOf(database);
      await takeAway();
      if (!keepFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function environmentOf({ at, haltAt, log }: CrashOrders): Record<string, string> {
  const orders = Object.entries({ WF_CRASH_AT: at, WF_HALT_AT: haltAt, WF_CRASH_LOG: log });
  return Object.fromEntries(orders.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

export function killAndWait(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
