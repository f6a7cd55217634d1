import { beforeAll, expect, test } from 'vitest';
import type { ContainerInfo, NetworkInfo } from '../../src/engine/ports/docker.ts';
import { addressOf } from '../support/in-process/contract-subject.ts';
import { describeContract } from '../support/in-process/contract-tests.ts';

describeContract('containers', (subject) => {
  const docker = () => subject().host.ports.docker;
  let network: NetworkInfo;
  let web: ContainerInfo;
  beforeAll(async () => {
    network = await subject().network('ct-net');
    web = await subject().container('ct-web', network, ['-text', 'Mon AppDev']);
  });

  test('are created, then started, and found by id and by name', async () => {
    const { id: networkId } = network;
    const labels = { purpose: 'test' };
    const image = subject().echoImage;
    const { id } = await docker().createContainer({
      name: 'ct-One',
      image,
      command: ['-text', 'x'],
      networkId,
      labels,
    });
    try {
      expect(await docker().container(id)).toMatchObject({
        id,
        name: 'ct-One',
        running: false,
        status: 'created',
        pid: 0,
      });
      await docker().startContainer(id);
      const started = await docker().container(id);
      expect(started).toMatchObject({ id, name: 'ct-One', image, labels, running: true, status: 'running' });
      expect(await docker().container('ct-One')).toEqual(started);
      expect(new Set(await docker().containers())).toEqual(new Set([started, web]));
    } finally {
      await docker().removeContainer(id);
    }
    expect(await docker().container(id)).toBeNull();
  });

  test('are null if they do not exist, and removing them succeeds', async () => {
    expect(await docker().container('ct-nowhere')).toBeNull();
    expect(await docker().container('0'.repeat(64))).toBeNull();
    await docker().removeContainer('0'.repeat(64));
    expect(await docker().logs('0'.repeat(64), 5)).toBe('');
  });

  test('serve the requested text', () => {
    expect(subject().fetch(web, '127.0.0.1')).toBe('Mon AppDev');
    expect(subject().fetch('host', addressOf(web))).toBe('Mon AppDev');
  });

  test('cannot share a name', async () => {
    await expect(subject().container('ct-web', network)).rejects.toMatchObject({ code: 'E_NAME_IN_USE' });
    expect(await docker().container('ct-web')).toEqual(web);
  });

  test('do not change if they are started twice', async () => {
    await docker().startContainer(web.id);
    expect(await docker().container(web.id)).toEqual(web);
  });

  test('have logs, whose last lines can be read', async () => {
    subject().fetch(web, '127.0.0.1');
    await expect.poll(() => docker().logs(web.id, 50)).toContain('[INFO] server is listening on :5678');
    expect((await docker().logs(web.id, 1)).trimEnd().split('\n')).toHaveLength(1);
  });

  test('are exited if they end at once, with their exit code and logs', async () => {
    const { id } = await subject().container('ct-ends', network, ['-text', '']);
    await expect.poll(async () => (await docker().container(id))?.status).toBe('exited');
    expect(await docker().container(id)).toMatchObject({ running: false, pid: 0, exitCode: 127 });
    expect(await docker().logs(id, 10)).toContain('Missing -text option!');
  });

  test('can be restarted after a kill, with a new start time and process', async () => {
    const first = await subject().container('ct-again', network);
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(async () => (await docker().container(first.id))?.status).toBe('exited');
    const dead = await docker().container(first.id);
    expect(dead).toMatchObject({ running: false, pid: 0, exitCode: 137, startedAt: first.startedAt });
    expect(dead?.endpoints[0]).toMatchObject({ network: 'ct-net', ipv4: null });
    await docker().startContainer(first.id);
    const second = await docker().container(first.id);
    if (second === null) throw new Error('it is not there any more');
    expect(second).toMatchObject({ id: first.id, running: true });
    expect(second.startedAt).not.toBe(first.startedAt);
    expect(second.pid).not.toBe(first.pid);
    expect(subject().fetch('host', addressOf(second))).toBe('ct-again');
  });

  test('run a command with its output, exit code and deadline', async () => {
    const { id } = web;
    expect(await docker().exec(id, ['echo', 'inside'], 5_000)).toEqual({
      exitCode: 0,
      output: 'inside\n',
      timedOut: false,
    });
    expect(await docker().exec(id, ['false'], 5_000)).toMatchObject({ exitCode: 1, timedOut: false });
    expect(await docker().exec(id, ['sleep', '60'], 300)).toMatchObject({ timedOut: true });
    const missing = await docker().exec(id, ['ct-no-such-program'], 5_000);
    expect(missing.exitCode).not.toBe(0);
    expect(missing.output).toContain('executable file not found');
  });
});
