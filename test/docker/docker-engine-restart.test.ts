import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../src/docker/create-docker.ts';
import { describeDocker } from '../support/docker-tests.ts';
import { removeEngine, startDaemon, startEngine, stopDaemon, type TestEngine } from '../support/engine.ts';

describeDocker('an engine that restarts in the middle', () => {
  let engine: TestEngine;
  const port = () => createDocker({ DOCKER_HOST: engine.dockerHost });
  const daemon = async () => Number(await readFile(join(engine.directory, 'pid'), 'utf8'));

  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(() => removeEngine(engine));

  test('is waited for by a read and by a write that could not be sent', async () => {
    const docker = port();
    const before = await docker.info();
    await stopDaemon(engine);
    const read = docker.networks();
    const write = docker.createNetwork({ name: 'dkrestart', subnet: null, labels: {} });
    await startDaemon(engine);
    expect((await read).map(({ name }) => name)).toContain('bridge');
    const { id } = await write;
    expect(await docker.network('dkrestart')).toMatchObject({ id });
    expect((await docker.info()).id).toBe(before.id);
    await docker.removeNetwork(id);
  });

  test('that dies while it works on a write is an error that may be tried again, since nobody knows what it did', async () => {
    const docker = port();
    await docker.info();
    process.kill(await daemon(), 'SIGSTOP');
    const write = docker
      .createNetwork({ name: 'dkrestart', subnet: null, labels: {} })
      .catch((thrown: unknown) => thrown);
    const read = docker.networks();
    await stopDaemon(engine, 'SIGKILL');
    await startDaemon(engine);
    expect(await write).toMatchObject({ code: 'E_DOCKER', transient: true });
    expect((await read).map(({ name }) => name)).toEqual(expect.arrayContaining(['bridge', 'host', 'none']));
  });

  test('that stays away is an error after a while', async () => {
    const docker = port();
    await docker.info();
    await stopDaemon(engine);
    const startedAt = performance.now();
    await expect(docker.networks()).rejects.toMatchObject({ code: 'E_DOCKER_UNREACHABLE' });
    expect(performance.now() - startedAt).toBeLessThan(7_000);
    await startDaemon(engine);
  });

  test('that never answered is not waited for', async () => {
    const startedAt = performance.now();
    const nobody = createDocker({ DOCKER_HOST: `unix://${engine.directory}/nobody.sock` });
    await expect(nobody.info()).rejects.toMatchObject({ code: 'E_DOCKER_UNREACHABLE' });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
