import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Argv } from '../../../src/engine/ports/command.ts';
import { createCommandPort } from '../../../src/host/commands/command.ts';
import { execaStarter } from '../../../src/host/commands/start-command.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { startWithSpawn } from '../../../src/runtime/embedded/server/start-with-spawn.ts';

const STARTERS = [
  ['execaStarter', 'host/commands/start-command.ts', execaStarter],
  ['startWithSpawn', 'runtime/embedded/server/start-with-spawn.ts', () => startWithSpawn],
] as const;
const sh = (script: string, ...args: string[]): Argv => ['sh', '-c', script, 'sh', ...args];

/** Much shorter than the commands would last, and long enough for a busy machine. */
const SOON_MS = 15_000;

/** Returns whether a process runs `sleep` with this many seconds. */
function sleeping(seconds: string): boolean {
  return execFileSync('ps', ['-eo', 'stat,args'], { encoding: 'utf8' })
    .split('\n')
    .some((line) => !line.startsWith('Z') && line.endsWith(`sleep ${seconds}`));
}

describe.each(STARTERS)('a command started by %s', (name, file, starter) => {
  const command = createCommandPort(systemClock, starter);

  it('ends with its exit code, and keeps stdout and stderr apart', async () => {
    const argv = sh('echo out; echo err >&2; exit 3');
    const result = await command.run(argv, { timeoutMs: 5_000 });
    expect(result).toMatchObject({ argv, end: { type: 'exited', exitCode: 3 }, stdout: 'out\n', stderr: 'err\n' });
  });

  it('reads the given input, or an empty one by default', async () => {
    expect((await command.run(['cat'], { timeoutMs: 5_000, stdin: 'häh' })).stdout).toBe('häh');
    expect((await command.run(['cat'], { timeoutMs: 5_000 })).stdout).toBe('');
  });

  it('receives its arguments without a shell', async () => {
    const odd = ['$HOME', '`id`', '; exit 1', '', 'a b', '*', "'"];
    const { stdout } = await command.run(['printf', '%s\\n', ...odd], { timeoutMs: 5_000 });
    expect(stdout).toBe(`${odd.join('\n')}\n`);
  });

  it('receives its folder and its environment', async () => {
    const { stdout } = await command.run(sh('pwd; echo $ADDED $LC_ALL'), {
      timeoutMs: 5_000,
      cwd: '/',
      env: { ADDED: 'yes' },
    });
    expect(stdout).toBe('/\nyes C\n');
  });

  it('continues when its output is truncated', async () => {
    const result = await command.run(sh('yes | head -c 3000000; echo done >&2'), {
      timeoutMs: 10_000,
      maxOutputBytes: 10,
    });
    expect(result).toMatchObject({ end: { type: 'exited', exitCode: 0 }, truncated: true, stderr: 'done\n' });
    expect(result.stdout).toBe('y\ny\ny\ny\ny\n');
  });

  it('is stopped at its time-out, with its children', async () => {
    const result = await command.run(sh('sleep 61.25 & sleep 61.25'), { timeoutMs: 100 });
    expect(result.end).toEqual({ type: 'timed-out' });
    expect(result.durationMs).toBeLessThan(SOON_MS);
    expect(sleeping('61.25')).toBe(false);
  });

  it('is killed if it ignores SIGTERM', async () => {
    const result = await command.run(sh('trap "" TERM; sleep 62.25 & sleep 62.25; sleep 62.25'), { timeoutMs: 100 });
    expect(result.end).toEqual({ type: 'timed-out' });
    expect(result.durationMs).toBeGreaterThanOrEqual(600);
    expect(result.durationMs).toBeLessThan(SOON_MS);
    expect(sleeping('62.25')).toBe(false);
  });

  it('has not timed out if it has ended while a child keeps its output open', async () => {
    const result = await command.run(sh('echo done; sleep 63.25 &'), { timeoutMs: 2_000 });
    expect(result).toMatchObject({ end: { type: 'exited', exitCode: 0 }, stdout: 'done\n' });
    expect(result.durationMs).toBeLessThan(SOON_MS);
    expect(sleeping('63.25')).toBe(false);
  });

  it('is stopped when it is aborted, and not started after an abort', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    const result = await command.run(['sleep', '64.25'], { timeoutMs: 60_000, signal: stop.signal });
    expect(result.end).toEqual({ type: 'aborted' });
    expect(result.durationMs).toBeLessThan(SOON_MS);
    expect(sleeping('64.25')).toBe(false);
    expect(await command.run(['wf-no-such-program'], { timeoutMs: 1_000, signal: stop.signal })).toMatchObject({
      end: { type: 'aborted' },
      durationMs: 0,
    });
  });

  it('reports the signal that killed it', async () => {
    const { end } = await command.run(sh('kill -9 $$'), { timeoutMs: 5_000 });
    expect(end).toEqual({ type: 'killed', signal: 'SIGKILL' });
  });

  it('dies when wf exits', () => {
    const script = `
      import { createJiti } from 'jiti';
      const jiti = createJiti(${JSON.stringify(import.meta.url)}, { fsCache: false });
      const { createCommandPort } = await jiti.import('../../../src/host/commands/command.ts');
      const { systemClock } = await jiti.import('../../../src/host/machine/clock.ts');
      const { ${name} } = await jiti.import('../../../src/${file}');
      const starter = ${name === 'execaStarter' ? name : `() => ${name}`};
      void createCommandPort(systemClock, starter).run(['sleep', '65.25'], { timeoutMs: 60_000 });
      setTimeout(() => process.exit(0), 300);`;
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' });
    expect(sleeping('65.25')).toBe(false);
  });
});

describe.each(STARTERS)('a command that %s cannot start', (_name, _file, starter) => {
  const command = createCommandPort(systemClock, starter);

  it('names the Debian package of a missing tool', async () => {
    const attempt = command.run(['nft', 'list', 'ruleset'], { timeoutMs: 1_000, env: { PATH: '/nonexistent' } });
    await expect(attempt).rejects.toMatchObject({
      code: 'E_TOOL_MISSING',
      message: 'the program nft is not installed on this machine',
      hint: expect.stringContaining('apt-get install nftables'),
    });
  });

  it('reports a missing folder, and no missing program', async () => {
    const attempt = command.run(['true'], { timeoutMs: 1_000, cwd: '/nonexistent' });
    await expect(attempt).rejects.toMatchObject({
      code: 'E_HOST_COMMAND',
      message: expect.stringContaining('/nonexistent'),
    });
  });

  it('reports arguments that are too long', async () => {
    const attempt = command.run(['true', 'x'.repeat(3_000_000)], { timeoutMs: 1_000 });
    await expect(attempt).rejects.toMatchObject({
      code: 'E_HOST_COMMAND',
      message: expect.stringContaining('E2BIG'),
    });
  });

  it('reports a lack of permission', async () => {
    const attempt = command.run(['/etc/passwd'], { timeoutMs: 1_000 });
    await expect(attempt).rejects.toMatchObject({ code: 'E_PERMISSION' });
  });

  it('reports a namespace that is gone', async () => {
    const namespace = { path: '/proc/4194305/ns/net', inode: 4026531840, process: null };
    await expect(command.run(['true'], { timeoutMs: 1_000, namespace })).rejects.toMatchObject({
      code: 'E_NAMESPACE_GONE',
      message: expect.stringContaining('/proc/4194305/ns/net (namespace 4026531840)'),
    });
  });

  it('reports a path that leads to another namespace, and names both namespaces', async () => {
    const namespace = { path: '/proc/self/ns/net', inode: 1, process: null };
    await expect(command.run(['true'], { timeoutMs: 1_000, namespace })).rejects.toMatchObject({
      code: 'E_NAMESPACE_GONE',
      message: expect.stringMatching(/\(namespace 1\) is gone: the path leads to namespace \d+/),
    });
  });
});
