import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import { inspectContainer, inspectNetwork, listContainers, listNetworks } from '../../../src/steps/docker/index.ts';
import { describeDocker, docker, dockerHost, dockerInspect } from '../../support/engines/docker-tests.ts';
import { HTTP_ECHO_IMAGE, PROBE_IMAGE } from '../../support/engines/images.ts';
import { readWith } from '../../support/in-process/carry-out.ts';
import { testContext } from '../../support/in-process/step-context.ts';

describeDocker('Docker reads', () => {
  let network = '';
  let running = '';
  let stopped = '';

  beforeAll(async () => {
    network = await docker('network', 'create', '--subnet', '172.29.64.0/24', 'dkread-net');
    running = await docker(
      'run',
      '--detach',
      '--name',
      'dkread-up',
      '--network',
      network,
      HTTP_ECHO_IMAGE,
      '-text',
      'x',
    );
    stopped = await docker('create', '--name', 'dkread-down', '--label', 'a=b', PROBE_IMAGE);
  });
  afterAll(async () => {
    await docker('rm', '--force', running, stopped);
    await docker('network', 'rm', network);
  });

  test('return the version, the id and the endpoint of the engine', async () => {
    const info = await createDocker().info();
    expect(info.version).toBe(await docker('version', '--format', '{{.Server.Version}}'));
    expect(info.id).toBe(await docker('info', '--format', '{{.ID}}'));
    expect(info).toMatchObject({ rootless: false, endpoint: `${dockerHost()} (DOCKER_HOST)` });
  });

  test('return a network with its containers', async () => {
    const here = testContext();
    const read = await readWith(inspectNetwork, { id: network }, here);
    const member = (field: string) => dockerInspect(network, `{{(index .Containers "${running}").${field}}}`);
    expect(read).toMatchObject({
      id: network,
      name: 'dkread-net',
      driver: 'bridge',
      scope: 'local',
      subnets: [{ subnet: '172.29.64.0/24' }],
      members: [
        { containerId: running, name: 'dkread-up', mac: await member('MacAddress'), ipv4: await member('IPv4Address') },
      ],
    });
    const [evidence] = here.evidence;
    expect(evidence?.command).toBe(`docker network inspect ${network.slice(0, 12)}`);
    const printed = JSON.parse(evidence?.output ?? '');
    const [real] = JSON.parse(await docker('network', 'inspect', network));
    expect(real).toMatchObject({ ...printed[0], Containers: { [running]: printed[0].Containers[running] } });
  });

  test('return a container, running or not', async () => {
    const up = await readWith(inspectContainer, { id: running }, testContext());
    expect(up).toMatchObject({
      id: running,
      name: 'dkread-up',
      image: HTTP_ECHO_IMAGE,
      running: true,
      status: 'running',
    });
    expect(String(up.pid)).toBe(await dockerInspect(running, '{{.State.Pid}}'));
    expect(up.endpoints).toMatchObject([{ network: 'dkread-net', networkId: network, prefixLength: 24 }]);
    const down = await readWith(inspectContainer, { id: stopped }, testContext());
    expect(down).toMatchObject({ running: false, status: 'created', pid: 0, labels: { a: 'b' } });
  });

  test('list the networks as the docker client prints them', async () => {
    const here = testContext();
    const { networks } = await readWith(listNetworks, {}, here);
    expect(networks).toContainEqual({ id: network, name: 'dkread-net', driver: 'bridge', scope: 'local' });
    const lines = (text: string) => text.split('\n').map((line) => line.trimEnd());
    expect(lines(here.evidence[0]?.output ?? '')).toEqual(lines(await docker('network', 'ls')));
  });

  test('list the containers as the docker client prints them', async () => {
    const here = testContext();
    const { containers } = await readWith(listContainers, {}, here);
    expect(containers).toContainEqual({ id: stopped, name: 'dkread-down', image: PROBE_IMAGE, status: 'created' });
    const sorted = (text: string) =>
      text
        .split('\n')
        .map((line) => line.trimEnd())
        .sort();
    const client = await docker('ps', '--all', '--format', 'table {{.ID}}\t{{.Image}}\t{{.State}}\t{{.Names}}');
    expect(sorted(here.evidence[0]?.output ?? '')).toEqual(sorted(client));
  });

  test('return null in the port, and an error in a step, for a missing object', async () => {
    const port = createDocker();
    expect(await port.container('dkread-none')).toBeNull();
    expect(await port.network('f'.repeat(64))).toBeNull();
    expect(await port.image('dkread/none')).toBeNull();
    await expect(readWith(inspectNetwork, { id: 'dkread-none' }, testContext())).rejects.toMatchObject({
      code: 'E_DOCKER',
    });
  });

  test('return the last log lines of a container', async () => {
    expect(await createDocker().logs(running, 1)).toBe('[INFO] server is listening on :5678\n');
    expect(await createDocker().logs('f'.repeat(64), 1)).toBe('');
  });
});
