import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { describeDocker } from '../../support/engines/docker-tests.ts';
import { processesOf } from '../../support/engines/engine-debris.ts';
import { HTTP_ECHO_IMAGE } from '../../support/engines/images.ts';
import { testProgram } from '../../support/programs/test-program.ts';
import { chosen } from '../../support/rotation.ts';

const run = promisify(execFile);
/** The arguments are those of the lanes. */
const WRAPPER = testProgram('engines/with-engine');

describeDocker('the wrapper that runs tests in their own engine', () => {
  test('removes the engine of a killed wrapper, runs the command in its own namespace, forwards a signal, and removes the leftovers of the command', async () => {
    const killed = start(`docker run --detach ${HTTP_ECHO_IMAGE} -text x; echo $$; exec sleep 600`);
    const command = Number((await firstLines(killed, 2))[1]);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    process.kill(command, 'SIGKILL');
    expect(await processesOf(directoryOf(killed))).not.toEqual([]);

    const leave = `docker network create left; docker run --detach --network left ${HTTP_ECHO_IMAGE} -text x`;
    const wait = 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done';
    const next = start(`ip -br link | grep -c docker0; echo "$WF_TEST_DOCKER"; ${leave}; ${wait}`);
    const id = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(await firstLines(next, 5)).toEqual(['1', '1', id, id, 'ready', '']);
    await expectNothingLeft(killed);
    next.kill('SIGTERM');
    await once(next, 'close');
    expect(next.exitCode).toBe(9);
    await expectNothingLeft(next);
  });

  const warns = async () => {
    const { stdout, stderr } = await asNobody({ CI: '' });
    expect(stderr).toMatch(/NOT run \(missing: root/);
    expect(stdout).toBe('none\n');
  };

  const fails = () =>
    expect(asNobody({ CI: '1' })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('missing: root'),
    });

  for (const [name, body] of chosen([
    ['warns that tests are not run if root is missing, and runs the command without them', warns],
    ['fails in CI if root is missing', fails],
  ] as const)) {
    test(name, body);
  }
});

function start(script: string): ChildProcess {
  return spawn(process.execPath, [WRAPPER, '--', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Resolves with the first lines, while the command still runs. */
async function firstLines(wrapper: ChildProcess, count: number): Promise<string[]> {
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
