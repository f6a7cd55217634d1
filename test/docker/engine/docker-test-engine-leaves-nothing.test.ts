import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeDocker } from '../../support/docker-tests.ts';
import { processesOf } from '../../support/engine-debris.ts';
import { HTTP_ECHO_IMAGE } from '../../support/images.ts';

const run = promisify(execFile);
const WRAPPER = fileURLToPath(new URL('../../support/with-engine.mjs', import.meta.url));

describeDocker('the wrapper that runs tests in their own engine', () => {
  test('runs the command in the namespace of the engine, returns its exit code, and removes what it left', async () => {
    const leave = `docker network create left; docker run --detach --network left ${HTTP_ECHO_IMAGE} -text x`;
    const wrapper = start(`ip -br link | grep -c docker0; echo "$WF_TEST_DOCKER"; ${leave}; exit 7`);
    const id = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(await lines(wrapper)).toEqual(['1', '1', id, id]);
    expect(wrapper.exitCode).toBe(7);
    await expectNothingLeft(wrapper);
  });

  test('forwards a signal, then removes the engine', async () => {
    const wrapper = start('trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done');
    await firstLine(wrapper);
    wrapper.kill('SIGTERM');
    await once(wrapper, 'close');
    expect(wrapper.exitCode).toBe(9);
    await expectNothingLeft(wrapper);
  });

  test('removes the engine of a killed wrapper', async () => {
    const killed = start(`docker run --detach ${HTTP_ECHO_IMAGE} -text x; echo $$; exec sleep 600`);
    const command = Number((await firstLine(killed, 2))[1]);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    process.kill(command, 'SIGKILL');
    expect(await processesOf(directoryOf(killed))).not.toEqual([]);
    const next = start('true');
    await once(next, 'close');
    await expectNothingLeft(killed);
    await expectNothingLeft(next);
  });

  test('warns that tests are not run if root is missing, and runs the command without them', async () => {
    const { stdout, stderr } = await asNobody({ CI: '' });
    expect(stderr).toMatch(/NOT run \(missing: root/);
    expect(stdout).toBe('none\n');
  });

  test('fails in CI if root is missing', async () => {
    await expect(asNobody({ CI: '1' })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('missing: root'),
    });
  });
});

function start(script: string): ChildProcess {
  return spawn(process.execPath, [WRAPPER, '--', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function lines(wrapper: ChildProcess): Promise<string[]> {
  let text = '';
  wrapper.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(wrapper, 'close');
  return text.trim().split('\n');
}

/** Resolves with the first lines, while the command still runs. */
async function firstLine(wrapper: ChildProcess, count = 1): Promise<string[]> {
  let text = '';
  for await (const chunk of wrapper.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    text += String(chunk);
    if (text.split('\n').length > count) break;
  }
  return text.split('\n');
}

function directoryOf({ pid }: ChildProcess): string {
  return `/tmp/wft-${pid}`;
}

async function expectNothingLeft(wrapper: ChildProcess): Promise<void> {
  const directory = directoryOf(wrapper);
  expect(await processesOf(directory)).toEqual([]);
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(directory);
  expect(existsSync(`/run/netns/wft-${wrapper.pid}`)).toBe(false);
  expect(existsSync(directory)).toBe(false);
}

function asNobody(environment: NodeJS.ProcessEnv) {
  return run(process.execPath, [WRAPPER, '--', 'sh', '-c', 'env | grep -E "WF_TEST_(DOCKER|ENGINE)" || echo none'], {
    uid: 65534,
    gid: 65534,
    env: { ...process.env, ...environment },
  });
}
