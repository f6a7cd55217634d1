import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { isAlive, ownProcess, processStat } from '../../../src/host/processes/process.ts';
import { containerdsOf, endAndWait, processesOf, removeCgroups, unmountBelow } from './engine-debris.ts';

const run = promisify(execFile);

/** A Docker engine of the tests, in its own network namespace without an uplink. */
export interface TestEngine {
  /** Holds its data, its socket, its log. */
  readonly directory: string;
  /** Name of its network namespace. */
  readonly namespace: string;
  readonly dockerHost: string;
}

const ownerSchema = z.object({ pid: z.number(), startTime: z.string(), bootId: z.string() });
const ENGINE_NAME = /^wft-\d+(-\d+)?$/;
// Ready after 0.4 s on an idle machine with two cores.
const READY_WITHIN_MS = 60_000;

/** No name server listens here, so names that Docker does not know fail at once. There is no search domain. */
const SETTINGS = { dns: ['127.0.0.1'], 'dns-search': ['.'] };

let started = 0;

/** The tools and rights that this machine lacks for a test engine; empty if none. */
export async function missingForEngine(): Promise<string[]> {
  const missing: string[] = [];
  if (process.getuid?.() !== 0) missing.push('root');
  for (const tool of ['dockerd', 'docker', 'containerd', 'ip', 'nsenter', 'iptables', 'busybox']) {
    const found = await run('sh', ['-c', 'command -v "$0"', tool]).then(
      () => true,
      () => false,
    );
    if (!found) missing.push(tool);
  }
  return missing;
}

/** Removes the engines of killed test runs, then starts an engine. */
export async function startEngine(): Promise<TestEngine> {
  await removeStaleEngines();
  const name = started === 0 ? `wft-${process.pid}` : `wft-${process.pid}-${started}`;
  started += 1;
  const engine = engineAt(join(tmpdir(), name), name);
  // The directory with its owner comes first: a later test run finds the rest by it.
  await mkdir(engine.directory);
  await writeFile(join(engine.directory, 'owner.json'), JSON.stringify(ownProcess()));
  try {
    await writeSettings(engine, {});
    await run('ip', ['netns', 'add', name]);
    await run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
    await startDaemon(engine);
  } catch (thrown) {
    await removeEngine(engine);
    throw thrown;
  }
  return engine;
}

/** The engine that `node test/support/engines/with-engine.mjs` has started for these tests, or undefined. */
export function surroundingEngine(): TestEngine | undefined {
  const directory = process.env['WF_TEST_ENGINE'];
  return directory === undefined ? undefined : engineAt(directory, directory.slice(directory.lastIndexOf('/') + 1));
}

/** Starts dockerd and waits until it answers. It finds its earlier containers, stopped or running. */
export async function startDaemon(engine: TestEngine): Promise<void> {
  const { directory, namespace } = engine;
  const log = openSync(join(directory, 'log'), 'a');
  const flags = {
    '--config-file': join(directory, 'daemon.json'),
    '--data-root': join(directory, 'data'),
    '--exec-root': join(directory, 'exec'),
    '--host': engine.dockerHost,
    '--pidfile': join(directory, 'pid'),
  };
  // Its own session: Ctrl-C on the terminal is for the tests. Its own environment: no proxy of the machine. The engine runs dockerd three
  // times more for each container that it starts: a quarter of their processor time would be collecting garbage.
  const daemon = spawn('nsenter', [`--net=/run/netns/${namespace}`, '--', 'dockerd', ...Object.entries(flags).flat()], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'] ?? '', GOGC: '400' },
  });
  closeSync(log);
  daemon.unref();
  await untilItAnswers(engine, daemon);
}

/**
 * Ends dockerd (SIGTERM, or SIGKILL for a crash) and waits until it and its containerd are gone. SIGTERM ends its
 * containers as well.
 */
export async function stopDaemon({ directory }: TestEngine, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const pid = Number(await readFile(join(directory, 'pid'), 'utf8'));
  await endAndWait([pid], signal);
  // containerd dies shortly after dockerd: a dockerd that starts in between would wait for it in vain.
  await endAndWait(containerdsOf(directory), 'SIGKILL');
  // The next dockerd takes a zombie with the pid in one of these files for a living daemon, and does not start.
  for (const file of ['pid', 'exec/containerd/containerd.pid']) await rm(join(directory, file), { force: true });
}

/** Ends dockerd and starts it with these settings. */
export async function restartDaemon(engine: TestEngine, settings: object): Promise<void> {
  await stopDaemon(engine);
  await writeSettings(engine, settings);
  await startDaemon(engine);
}

function writeSettings({ directory }: TestEngine, settings: object): Promise<void> {
  return writeFile(join(directory, 'daemon.json'), JSON.stringify({ ...SETTINGS, ...settings }));
}

/** Removes an engine: containers, dockerd, containerd, mounts, namespace, files. Succeeds if it is already gone. */
export async function removeEngine({ directory, namespace }: TestEngine): Promise<void> {
  if (!existsSync(directory)) return;
  // Repeats, because a process that was starting may have started another.
  for (let left = await processesOf(directory); left.length > 0; left = await processesOf(directory)) {
    await endAndWait(left, 'SIGKILL');
  }
  await removeCgroups(directory);
  await unmountBelow(directory);
  if (existsSync(`/run/netns/${namespace}`)) await run('ip', ['netns', 'delete', namespace]);
  // The owner file is removed last: the next test run finds the rest of an interrupted removal by it.
  const parts = (await readdir(directory)).filter((name) => name !== 'owner.json');
  await Promise.all(
    parts.map((name) => rm(join(directory, name), { recursive: true, maxRetries: 5, retryDelay: 100 })),
  );
  await rm(directory, { recursive: true });
}

function engineAt(directory: string, namespace: string): TestEngine {
  return { directory, namespace, dockerHost: `unix://${join(directory, 'docker.sock')}` };
}

async function untilItAnswers({ directory }: TestEngine, daemon: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (daemon.exitCode === null && daemon.signalCode === null && Date.now() < deadline) {
    if (await answers(join(directory, 'docker.sock'))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const log = await readFile(join(directory, 'log'), 'utf8');
  throw new Error(`dockerd did not start; the end of its log:\n${log.slice(-2_000)}`);
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/_ping', timeout: 5_000 }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode === 200));
    });
    request.once('timeout', () => request.destroy());
    request.once('close', () => resolve(false));
    request.on('error', () => {});
  });
}

/** Removes the engines of test runs whose process is dead. */
async function removeStaleEngines(): Promise<void> {
  await removeEnginesWhose((owner) => !isAlive(owner));
}

/** Removes the engines of the processes that this one has started for its tests, and those of dead processes. */
export async function removeEnginesOfWorkers(): Promise<void> {
  await removeEnginesWhose((owner) => !isAlive(owner) || processStat(owner.pid)?.parent === process.pid);
}

async function removeEnginesWhose(matches: (owner: z.infer<typeof ownerSchema>) => boolean): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!ENGINE_NAME.test(name)) continue;
    const engine = engineAt(join(tmpdir(), name), name);
    const owner = await ownerOf(engine);
    if (owner !== undefined && matches(owner)) await removeEngine(engine);
  }
}

/** Returns undefined for an engine that is being created or removed, and for another directory. */
async function ownerOf({ directory }: TestEngine): Promise<z.infer<typeof ownerSchema> | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(join(directory, 'owner.json'), 'utf8')));
  } catch {
    return undefined;
  }
}
