import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import type { Requirement } from '../../../src/engine/workflow/requirement.ts';
import type { HostPorts } from '../../../src/engine/workflow/step.ts';
import {
  containerNameFree,
  dockerEngine,
  imageAvailable,
  localBridges,
  networkNameFree,
  subnetFree,
} from '../../../src/steps/docker/index.ts';
import { describeDocker, docker, dockerHost } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';
import { testContext } from '../../support/in-process/step-context.ts';

const run = promisify(execFile);
const ELSEWHERE = `wf-dkreq-${process.pid}`;

describeDocker('the Docker requirements', () => {
  const { host } = testContext();
  const check = (requirement: Requirement, changes: Partial<HostPorts> = {}) =>
    requirement.check({ ...host, ...changes });
  let network = '';

  beforeAll(async () => {
    network = await docker(
      'network',
      'create',
      '--subnet',
      '172.29.48.0/20',
      '--label',
      'wf.run=otherrun',
      'dkreq-net',
    );
    await docker('run', '--detach', '--name', 'dkreq-ctr', PROBE_IMAGE, 'sleep', '600');
    await run('ip', ['link', 'add', 'dkreq0', 'type', 'bridge']);
    await run('ip', ['address', 'add', '10.77.5.1/24', 'dev', 'dkreq0']);
    await run('ip', ['link', 'set', 'dkreq0', 'up']);
    await run('ip', ['route', 'add', 'default', 'via', '10.77.5.2']);
    await run('ip', ['route', 'add', '0.0.0.0/1', 'via', '10.77.5.2']);
    await run('ip', ['netns', 'add', ELSEWHERE]);
  });
  afterAll(async () => {
    await run('ip', ['netns', 'delete', ELSEWHERE]);
    await run('ip', ['link', 'delete', 'dkreq0']);
    await docker('rm', '--force', 'dkreq-ctr');
    await docker('network', 'rm', network);
  });

  test('are met by an engine that answers, with its endpoint', async () => {
    expect(await check(dockerEngine())).toMatchObject({ met: true, found: expect.stringContaining(dockerHost()) });
  });

  test('are not met if the engine is unreachable', async () => {
    const nowhere = createDocker({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    const error = {
      code: 'E_DOCKER_UNREACHABLE',
      message: expect.stringContaining('unix:///nowhere/docker.sock (DOCKER_HOST)'),
    };
    for (const requirement of [dockerEngine(), imageAvailable('x'), containerNameFree('xx'), localBridges()]) {
      expect(await check(requirement, { docker: nowhere })).toMatchObject({ met: false, error });
    }
  });

  test('are met if the bridges are links of this host', async () => {
    const found = await check(localBridges());
    expect(found).toMatchObject({ met: true, found: expect.stringContaining(`br-${network.slice(0, 12)}`) });
  });

  test('are not met by bridges in another network namespace', async () => {
    const namespace = { path: `/run/netns/${ELSEWHERE}`, inode: null, process: null };
    const command: HostPorts['command'] = { run: (argv, options) => host.command.run(argv, { ...options, namespace }) };
    expect(await check(localBridges(), { command })).toMatchObject({
      met: false,
      error: { code: 'E_DOCKER_NOT_LOCAL', message: expect.stringContaining('docker0'), exitCode: 3 },
    });
  });

  test.each([
    ['Docker Desktop', { operatingSystem: 'Docker Desktop' }, 'virtual machine'],
    ['a rootless engine', { rootless: true }, 'rootless'],
    ['a remote engine', { endpoint: 'tcp://192.0.2.7:2376 (DOCKER_HOST)' }, 'another machine'],
  ])('are not met by %s, even if the host has a docker0', async (_what, facts, reason) => {
    const { docker: real } = host;
    const other: HostPorts['docker'] = {
      ...real,
      info: async () => ({ ...(await real.info()), ...facts }),
      listNetworks: async () => (await real.listNetworks()).filter(({ name }) => name === 'bridge'),
    };
    expect(await check(localBridges(), { docker: other })).toMatchObject({
      met: false,
      error: { code: 'E_DOCKER_NOT_LOCAL', message: expect.stringContaining(reason) },
    });
  });

  test('report an image as present, or as to be pulled', async () => {
    expect(await check(imageAvailable(PROBE_IMAGE))).toMatchObject({
      met: true,
      found: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect(await check(imageAvailable('dkreq/none'))).toMatchObject({
      met: true,
      found: 'missing: wf will pull it',
    });
  });

  test('claim a free name', async () => {
    expect(containerNameFree('AppDev').claim).toBe('container AppDev');
    expect(networkNameFree('devops').claim).toBe('network devops');
    expect(await check(containerNameFree('dkreq'))).toEqual({ met: true, found: 'free' });
    expect(await check(networkNameFree('dkreq'))).toEqual({ met: true, found: 'free' });
  });

  test('name the owner of a container name in use', async () => {
    const id = await docker('ps', '--quiet', '--filter', 'name=dkreq-ctr');
    const found = await check(containerNameFree('dkreq-ctr'));
    expect(found).toMatchObject({ met: false, error: { code: 'E_NAME_IN_USE', exitCode: 4 } });
    const message = found.met ? '' : found.error.message;
    for (const fact of [id, PROBE_IMAGE, 'running since', 'not created by wf']) expect(message).toContain(fact);
  });

  test('name the run of a network name in use, and how to undo it', async () => {
    expect(await check(networkNameFree('dkreq-net'))).toMatchObject({
      met: false,
      error: {
        code: 'E_NAME_IN_USE',
        message: expect.stringContaining('created by run otherrun'),
        hint: expect.stringContaining('wf rollback otherrun'),
      },
    });
  });

  test.each(['172.29.48.0/20', '172.29.50.0/24', '172.29.0.0/16'])(
    'refuse %s, which overlaps a Docker network',
    async (subnet) => {
      expect(await check(subnetFree(subnet))).toMatchObject({
        met: false,
        error: {
          code: 'E_SUBNET_IN_USE',
          exitCode: 4,
          message: expect.stringMatching(/172\.29\.48\.0\/20 of the Docker network dkreq-net .*run otherrun/),
        },
      });
    },
  );

  test.each(['10.77.0.0/16', '10.77.5.0/24', '10.77.5.128/25'])(
    'refuse %s, which overlaps a route of the host',
    async (subnet) => {
      expect(await check(subnetFree(subnet))).toMatchObject({
        met: false,
        error: { code: 'E_SUBNET_IN_USE', message: expect.stringContaining('the route to 10.77.5.0/24 on dkreq0') },
      });
    },
  );

  test('ignore a default route, whole or in halves', async () => {
    expect(await check(subnetFree('10.78.0.0/16'))).toEqual({ met: true, found: 'free' });
    expect(subnetFree('10.78.0.0/16').claim).toBe('subnet 10.78.0.0/16');
  });

  test('refuse a malformed subnet as bad input', async () => {
    expect(await check(subnetFree('10.78.0.0'))).toMatchObject({ met: false, error: { code: 'E_INPUT' } });
  });
});
