import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { WfError } from '../../../engine/model/errors.ts';
import { engineFolder, engineSocket } from '../protocol/engine.ts';
import { TEMPORARY_FOLDER } from '../protocol/names.ts';
import { ipBatch } from '../shared/ip-batch.ts';
import { mount } from './mount.ts';

/** The engine is ready after 0.5 s on an idle machine. */
const READY_WITHIN_MS = 60_000;
const POLL_MS = 20;
const CGROUPS = '/sys/fs/cgroup';
/** The bridge of containers without a network, as Docker creates it. */
const BRIDGE = 'docker0';
const BRIDGE_MAC = '02:42:00:00:00:01';
const BRIDGE_ADDRESS = '172.17.0.1/16';
/** The settings and the key of the machine's own engine. */
const SETTINGS = '/etc/docker';
const STATE = '/var/lib';

/**
 * Starts a Docker engine in the network, mount and PID namespaces of this process, and returns once it answers. It keeps all its
 * data in memory.
 * @param host name of the host
 * @param cgroup cgroup of its containers
 * @throws WfError E_RUNTIME_UNAVAILABLE
 */
export async function startEngine(host: string, cgroup: string): Promise<ChildProcess> {
  const folder = engineFolder(host);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The engine reads the /proc of its own pid.
  await mount(['-t', 'proc', 'wf', '/proc']);
  await mountCgroups();
  if (existsSync(SETTINGS)) await mount(['-t', 'tmpfs', '-o', 'mode=700', 'wf', SETTINGS]);
  await makeStateWritable(folder);
  // The engine would create a bridge with another address at each start, and a new host would differ from the lost one.
  const bridge = [
    `link add name ${BRIDGE} address ${BRIDGE_MAC} type bridge`,
    `address add ${BRIDGE_ADDRESS} dev ${BRIDGE}`,
  ];
  await ipBatch(bridge, `create the bridge of the engine of host ${host}`);
  const settings = join(folder, 'daemon.json');
  writeFileSync(settings, '{}');
  const flags = {
    '--config-file': settings,
    '--data-root': join(folder, 'data'),
    '--exec-root': join(folder, 'exec'),
    '--host': `unix://${engineSocket(host)}`,
    '--pidfile': join(folder, 'pid'),
    '--bridge': BRIDGE,
    '--cgroup-parent': cgroup,
    '--exec-opt': 'native.cgroupdriver=cgroupfs',
    // Nothing listens there, so names that the engine does not know fail at once.
    '--dns': '127.0.0.1',
    '--dns-search': '.',
  };
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'a');
  const engine = spawn('dockerd', Object.entries(flags).flat(), {
    stdio: ['ignore', log, log],
    // The folder /tmp is read-only.
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: TEMPORARY_FOLDER },
  });
  closeSync(log);
  let problem = '';
  engine.once('error', (error) => {
    problem = error.message;
  });
  const isOver = () => problem !== '' || engine.exitCode !== null || engine.signalCode !== null;
  for (let waitedMs = 0; !isOver() && waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
    if (await answers(engineSocket(host))) return engine;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LOG_LINES);
  throw new WfError('E_RUNTIME_UNAVAILABLE', `dockerd does not start: ${problem || lines.join(' / ')}`, {
    hint: 'Check that `dockerd` starts on this machine.',
  });
}

const LOG_LINES = 3;

/** Makes /var/lib/docker writable in memory: the engine keeps parts of overlay networks there, wherever its data root is. */
async function makeStateWritable(folder: string): Promise<void> {
  const [upper, work] = [join(folder, 'lib'), join(folder, 'lib-work')];
  for (const path of [upper, work]) mkdirSync(path);
  await mount(['-t', 'overlay', '-o', `lowerdir=${STATE},upperdir=${upper},workdir=${work}`, 'wf', STATE]);
}

/** Mounts the machine's cgroups, which the private /sys lacks: the unified hierarchy, or one per controller. */
async function mountCgroups(): Promise<void> {
  const hierarchies = readFileSync('/proc/self/cgroup', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(':')[1] ?? '');
  const controllers = hierarchies.filter((controller) => controller !== '');
  if (controllers.length === 0) return mount(['-t', 'cgroup2', 'wf', CGROUPS]);
  await mount(['-t', 'tmpfs', '-o', 'mode=755', 'wf', CGROUPS]);
  for (const controller of controllers) {
    const path = join(CGROUPS, controller.replace(/^name=/, ''));
    mkdirSync(path);
    await mount(['-t', 'cgroup', '-o', controller.startsWith('name=') ? `none,${controller}` : controller, 'wf', path]);
  }
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
