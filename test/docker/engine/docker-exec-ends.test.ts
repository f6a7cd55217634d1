import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker } from '../../../src/docker/create-docker.ts';
import { describeDocker, docker } from '../../support/engines/docker-tests.ts';
import { PROBE_IMAGE } from '../../support/engines/images.ts';

const NAME = 'dkexec-probe';

describeDocker('a command in a container', () => {
  let id = '';
  const exec = (timeoutMs: number, ...argv: [string, ...string[]]) => createDocker().exec(id, argv, timeoutMs);

  beforeAll(async () => {
    id = await docker('run', '--detach', '--name', NAME, PROBE_IMAGE, 'sleep', '600');
  });
  afterAll(() => docker('rm', '--force', NAME));

  test('returns its exit code and both outputs, without stream frames', async () => {
    // The engine does not promise the order of the two pipes.
    const result = await exec(10_000, 'sh', '-c', 'echo out; sleep 0.5; echo err >&2; exit 3');
    expect(result).toEqual({ exitCode: 3, output: 'out\nerr\n', timedOut: false });
  });

  test('is ended at its deadline, and leaves no process', async () => {
    const startedAt = performance.now();
    const result = await exec(300, 'sh', '-c', 'echo begun; exec sleep 4242');
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(result).toEqual({ exitCode: null, output: 'begun\n', timedOut: true });
    await expect.poll(() => docker('exec', NAME, 'ps')).not.toContain('sleep 4242');
  });

  test('returns its exit code even if a child keeps the stream open', async () => {
    const result = await exec(500, 'sh', '-c', 'echo done; sleep 30 & exit 5');
    expect(result).toEqual({ exitCode: 5, output: 'done\n', timedOut: false });
  });

  test('returns bounded output if it never stops writing', async () => {
    const result = await exec(500, 'yes');
    expect(result.timedOut).toBe(true);
    expect(result.output.length).toBe(256 * 1024);
  });

  test('fails with 126 if the program does not exist', async () => {
    const result = await exec(10_000, 'no-such-program');
    expect(result).toMatchObject({ exitCode: 126, timedOut: false });
    expect(result.output).toContain('no-such-program');
  });

  test('fails if the container is gone', async () => {
    await expect(createDocker().exec('f'.repeat(64), ['true'], 1_000)).rejects.toMatchObject({ code: 'E_DOCKER' });
  });
});
