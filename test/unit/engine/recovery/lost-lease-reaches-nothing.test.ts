import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asStepId } from '../../../../src/engine/model/ids.ts';
import { type AttemptHost, attemptHost } from '../../../../src/engine/place/attempt-host.ts';
import { NO_CRASH_POINTS } from '../../../../src/engine/ports/crash-points.ts';
import type { FileFound } from '../../../../src/engine/ports/files.ts';
import type { Lease } from '../../../../src/engine/ports/history.ts';
import { NO_SECRETS } from '../../../../src/engine/secrets/secrets.ts';
import type { HostPorts } from '../../../../src/engine/workflow/step.ts';
import { ownProcess } from '../../../../src/host/processes/process.ts';
import { machinePorts } from '../../../../src/runtime/machine-ports.ts';
import { createRun, type FolderHost, openFolderHost } from '../../../support/in-process/folder-host.ts';

let host: FolderHost;
let lease: Lease;
let attempt: AttemptHost;
beforeEach(() => {
  host = openFolderHost();
  const owner = ownProcess();
  lease = createRun(host.history, 'lost');
  // No engine listens here: a request that is sent fails with E_DOCKER_UNREACHABLE.
  const ports: HostPorts = machinePorts({ DOCKER_HOST: 'unix:///nonexistent/docker.sock' }, '/nonexistent/wf.db');
  const watch = {
    host: ports,
    named: () => ports,
    history: host.history,
    lease,
    claimed: async () => {},
    crashPoints: NO_CRASH_POINTS,
    secrets: NO_SECRETS,
  };
  attempt = attemptHost(watch, { run: lease.run, step: asStepId('s'), attempt: 1, owner });
});
afterEach(() => host.close());

/** Takes the lease over, as another process does while this one is stopped in the middle of a step. */
const loseLease = () => host.history.takeOver(lease.run, ownProcess(), () => false);

test('a lost lease prevents the commands of changes and of observations', async () => {
  const file = path.join(host.folder, 'made');
  for (const { command } of [attempt.acting(), attempt.observing]) {
    await command.run(['rm', '--force', file], { timeoutMs: 5_000 });
  }
  loseLease();
  for (const { command } of [attempt.acting(), attempt.observing]) {
    await expect(command.run(['touch', file], { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
  }
  expect(existsSync(file)).toBe(false);
});

const NOBODY = { mode: 0o600, uid: 0, gid: 0 };
const NO_FILE: FileFound = {
  ...NOBODY,
  type: 'file',
  target: null,
  size: 0,
  links: 1,
  modifiedNs: '0',
  changedNs: '0',
  inode: '0',
};

const spec = { name: 'x', labels: {} };
const node = { advertiseAddress: '127.0.0.1', listenAddress: null };
const endpoint = { containerId: 'x', networkId: 'x', ipv4: null, aliases: [], options: {} };
const WRITES: readonly (readonly [string, (ports: HostPorts) => Promise<unknown>])[] = [
  ['pull an image', ({ docker }) => docker.pullImage('x', () => {}, new AbortController().signal)],
  ['remove an image', ({ docker }) => docker.removeImage('x')],
  ['create a network', ({ docker }) => docker.createNetwork({ ...spec, subnet: null })],
  ['remove a network', ({ docker }) => docker.removeNetwork('x')],
  ['connect a container', ({ docker }) => docker.connectNetwork(endpoint)],
  ['disconnect a container', ({ docker }) => docker.disconnectNetwork(endpoint)],
  ['create a volume', ({ docker }) => docker.createVolume(spec)],
  ['remove a volume', ({ docker }) => docker.removeVolume('x')],
  ['create a container', ({ docker }) => docker.createContainer({ ...spec, image: 'x', command: [], networkId: 'x' })],
  ['start a container', ({ docker }) => docker.startContainer('x')],
  ['remove a container', ({ docker }) => docker.removeContainer('x')],
  ['run a command in a container', ({ docker }) => docker.exec('x', ['true'], 1_000)],
  [
    'run a command in a container, with separate outputs',
    ({ docker }) => docker.execCommand('x', ['true'], { timeoutMs: 1_000, user: null, cwd: null }),
  ],
  ['make a swarm', ({ docker }) => docker.swarm.init({ ...node, ...spec, dataPathPort: 4789, subnetPool: null })],
  [
    'join a swarm',
    ({ docker }) => docker.swarm.join({ ...node, token: { reveal: () => 'x' }, managerAddress: '127.0.0.1:1' }),
  ],
  ['leave a swarm', ({ docker }) => docker.swarm.leave()],
  ['update a node', ({ docker }) => docker.swarm.updateNode('x', {})],
  ['remove a node', ({ docker }) => docker.swarm.removeNode('x')],
];

test('a lost lease prevents changes of files', async () => {
  const { files } = attempt.acting();
  const at = await files.locate(path.join(host.folder, 'file'));
  const writes = [
    () => files.keep(lease.run, 'x', at, NO_FILE),
    () => files.createFile(at, { type: 'bytes', bytes: Buffer.from('x') }, NOBODY),
    () => files.createLink(at, 'x', NOBODY),
    () => files.createFolder(at, NOBODY),
    () => files.place(at, 'other', null),
    () => files.remove(at, NO_FILE),
  ];
  loseLease();
  for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
  expect(readdirSync(host.folder)).toEqual([]);
});

test.for(WRITES)('a lost lease prevents the request to %s, on a second host, too', async ([, ask]) => {
  await expect(ask(attempt.acting())).rejects.toMatchObject({ code: 'E_DOCKER_UNREACHABLE' });
  loseLease();
  const second = attempt.named('second');
  for (const ports of [attempt.acting(), attempt.observing, second.acting(), second.observing]) {
    await expect(ask(ports)).rejects.toMatchObject({ code: 'E_LEASE_LOST' });
  }
});
