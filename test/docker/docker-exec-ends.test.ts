import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../src/docker/create-docker.ts';
import { describeDocker, docker } from '../support/docker-tests.ts';
import { PROBE_IMAGE } from '../support/images.ts';

const NAME = 'dkexec-probe';

describeDocker('a command in a container', () => {
  let id = '';
  const exec = (timeoutMs: number, ...argv: [string, ...string[]]) => createDocker().exec(id, argv, timeoutMs);

  beforeAll(async () => {
    id = await docker('run', '--detach', '--name', NAME, PROBE_IMAGE, 'sleep', '600');
  });
  afterAll(() => docker('rm', '--force', NAME));

  test('answers its exit code, and both outputs without the frames of the stream', async () => {
    // Two pipes: which is read first, the engine does not promise.
    const result = await exec(10_000, 'sh', '-c', 'echo out; sleep 0.5; echo err >&2; exit 3');
    expect(result).toEqual({ exitCode: 3, output: 'out\nerr\n', timedOut: false });
  });

  test('that never ends is ended by its deadline, and no process of it is left', async () => {
    const startedAt = performance.now();
    const result = await exec(300, 'sh', '-c', 'echo begun; exec sleep 4242');
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(result).toEqual({ exitCode: null, output: 'begun\n', timedOut: true });
    await expect.poll(() => docker('exec', NAME, 'ps')).not.toContain('sleep 4242');
  });

  test('that has ended while its stream is held open is asked for, and has its exit code', async () => {
    const result = await exec(500, 'sh', '-c', 'echo done; sleep 30 & exit 5');
    expect(result).toEqual({ exitCode: 5, output: 'done\n', timedOut: false });
  });

  test('that writes without end keeps a bounded output', async () => {
    const result = await exec(500, 'yes');
    expect(result.timedOut).toBe(true);
    expect(result.output.length).toBe(256 * 1024);
  });

  test('that does not exist is no success', async () => {
    const result = await exec(10_000, 'no-such-program');
    expect(result).toMatchObject({ exitCode: 126, timedOut: false });
    expect(result.output).toContain('no-such-program');
  });

  test('in a container that is gone is an error', async () => {
    await expect(createDocker().exec('f'.repeat(64), ['true'], 1_000)).rejects.toMatchObject({ code: 'E_DOCKER' });
  });
});
