import { statSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { describeOwnNetwork, type TestContainer, testContainer } from '../../support/host/own-network.ts';

const command = createCommandPort(systemClock, execaStarter);
const timeoutMs = 5_000;

describeOwnNetwork('a command in another network namespace', () => {
  let container: TestContainer;
  beforeAll(async () => {
    container = await testContainer('Any');
    container.ip('link', 'add', 'n_only', 'type', 'bridge');
  });
  afterAll(() => container.remove());

  it('sees the links of the namespace, and its result has the original argv', async () => {
    const argv = ['ip', '-brief', 'link'] as const;
    const inside = await command.run(argv, { timeoutMs, namespace: container.handle.namespace });
    expect(inside.argv).toEqual(argv);
    expect(inside.stdout).toContain('n_only');
    expect((await command.run(argv, { timeoutMs })).stdout).not.toContain('n_only');
  });

  it('does not run if the path now leads to another namespace', async () => {
    const own = statSync('/proc/self/ns/net').ino;
    const reused = { path: container.handle.namespace.path, inode: own, process: null };
    const attempt = command.run(['ip', 'link', 'add', 'n_wrong', 'type', 'bridge'], { timeoutMs, namespace: reused });
    await expect(attempt).rejects.toMatchObject({ code: 'E_NAMESPACE_GONE' });
    expect(container.ip('link')).not.toContain('n_wrong');
  });

  it('runs in any namespace if no inode is given', async () => {
    const namespace = { path: container.handle.namespace.path, inode: null, process: null };
    expect((await command.run(['ip', 'link'], { timeoutMs, namespace })).stdout).toContain('n_only');
  });

  it('receives the given environment', async () => {
    const options = { timeoutMs, namespace: container.handle.namespace, env: { WF_PROCESS: '{"run":"r 1"}' } };
    expect((await command.run(['printenv', 'WF_PROCESS'], options)).stdout).toBe('{"run":"r 1"}\n');
  });

  it('distinguishes a missing program from one that fails with the same exit code', async () => {
    const namespace = container.handle.namespace;
    const missing = command.run(['wf-no-such-program'], { timeoutMs, namespace });
    await expect(missing).rejects.toMatchObject({ code: 'E_TOOL_MISSING' });
    const { end } = await command.run(['sh', '-c', 'exit 127'], { timeoutMs, namespace });
    expect(end).toEqual({ type: 'exited', exitCode: 127 });
  });

  it('is ended at its time-out', async () => {
    const namespace = container.handle.namespace;
    const result = await command.run(['sleep', '66'], { timeoutMs: 100, namespace });
    expect(result.end).toEqual({ type: 'timed-out' });
    expect(result.durationMs).toBeLessThan(15_000);
  });
});
