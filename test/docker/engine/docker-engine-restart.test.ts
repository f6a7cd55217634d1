import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { startDaemon, stopDaemon, type TestEngine } from '../../support/engines/engine.ts';
import { useOwnEngines } from '../../support/engines/own-engine.ts';

describeDocker('an engine that restarts', () => {
  let engine: TestEngine;
  const port = () => createDocker({ DOCKER_HOST: engine.dockerHost });
  const daemon = async () => Number(await readFile(join(engine.directory, 'pid'), 'utf8'));

  const own = useOwnEngines(1);
  beforeAll(() => {
    ({ engine } = own(0));
  });

  test('is awaited by a read and by an unsent write', async () => {
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

  test('makes a pending write fail with a transient error, as its effect is unknown', async () => {
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

  test('is reported as unreachable if it does not return', async () => {
    const docker = port();
    await docker.info();
    await stopDaemon(engine);
    const startedAt = performance.now();
    await expect(docker.networks()).rejects.toMatchObject({ code: 'E_DOCKER_UNREACHABLE' });
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await startDaemon(engine);
  });

  test('is not awaited if it has never answered', async () => {
    const startedAt = performance.now();
    const nobody = createDocker({ DOCKER_HOST: `unix://${engine.directory}/nobody.sock` });
    await expect(nobody.info()).rejects.toMatchObject({ code: 'E_DOCKER_UNREACHABLE' });
    expect(performance.now() - startedAt).toBeLessThan(4_500);
  });
});
