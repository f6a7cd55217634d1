import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readRun } from '../../support/crash/run-on-disk.ts';
import { bootSystemd, canBootSystemd, type SystemdMachine } from '../../support/host/systemd.ts';

const WIRE = readFileSync(new URL('../../fixtures/workflows/wire.ts', import.meta.url), 'utf8');
const PATIENCE = { timeout: 30_000, interval: 200 };

const statusSchema = z.object({
  running: z.boolean(),
  pid: z.number().nullable(),
  next: z.object({ run: z.string(), at: z.string() }).nullable(),
  units: z.array(z.object({ name: z.string(), file: z.string(), active: z.string(), enabled: z.string() })),
});
const runsSchema = z.array(z.object({ id: z.string(), status: z.string() }));

describe.skipIf(!canBootSystemd())('wf agent under a real systemd', () => {
  let machine: SystemdMachine;
  let folder: string;
  /** The project has the same path in the machine and here, where the test reads its database. */
  let project: string;

  beforeAll(async () => {
    folder = mkdtempSync('/var/tmp/wf-systemd-');
    project = path.join(folder, 'shared', 'lab');
    machine = await bootSystemd(folder);
  }, 60_000);
  afterAll(async () => {
    await machine.end();
    rmSync(folder, { recursive: true });
    // The cgroups of the machine are gone with it.
    const hierarchy = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
    expect(readdirSync(hierarchy).filter((name) => name.includes(`wf-test-systemd-${process.pid}-`))).toEqual([]);
  });
  beforeEach(() => {
    machine.write(path.join(project, '.wf'), '');
    machine.write(path.join(project, 'workflows/wire.ts'), WIRE);
  });
  afterEach(() => machine.run(['rm', '-rf', project]));

  const wf = (...args: readonly string[]) => machine.wf(args, project);
  const json = async (...args: readonly string[]): Promise<unknown> => JSON.parse((await wf(...args, '--json')).stdout);
  const agent = async () => statusSchema.parse(await json('agent', 'status'));
  const statusOf = (run: string) => readRun(path.join(project, 'data', 'wf.db'), run)?.run.status;
  const systemctl = async (...args: readonly string[]) => (await machine.run(['systemctl', ...args])).stdout;
  const unitFiles = () => readdirSync(machine.at('/etc/systemd/system')).filter((name) => name.startsWith('wf-'));

  test('is installed, restarts after a kill and a reboot, changes the host, and is uninstalled', async () => {
    expect((await wf('agent', 'uninstall')).stdout).toMatch(/^nothing to remove/);
    const installed = await wf('agent', 'install', '--concurrency', '3');
    expect(installed).toMatchObject({ exitCode: 0, stderr: '' });
    const { pid, units, running } = await agent();
    expect(running).toBe(true);
    expect(units).toMatchObject([{ active: 'active', enabled: 'enabled' }]);
    const [unit] = units;
    if (unit === undefined || pid === null) throw new Error('nothing is installed');
    expect(unitFiles()).toEqual([unit.name]);
    expect(await machine.run(['systemd-analyze', 'verify', unit.file])).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    // A second agent, and a second installation.
    expect(await wf('agent')).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(`process ${pid}`) });
    expect((await wf('agent', 'install', '--concurrency', '3')).exitCode).toBe(0);
    expect((await agent()).pid).toBe(pid);

    // systemd starts a killed agent again.
    await machine.run(['kill', '-KILL', String(pid)]);
    const mainPid = () => systemctl('show', '--property=MainPID', '--value', unit.name);
    await expect.poll(mainPid, PATIENCE).not.toMatch(new RegExp(`^(0|${pid})$`));
    const restarted = { running: true, pid: Number(await mainPid()) };
    await expect.poll(agent, { ...PATIENCE, interval: 1_000 }).toMatchObject(restarted);

    // The runs of a machine that fails: one waits for a timer, one is under way.
    const { cwd, env } = inProject();
    await machine.run([process.execPath, ...wfArgs('late', 9_000)], {
      cwd,
      env: { ...env, WF_CRASH_AT: 'after commit waiting' },
    });
    // The agent may be taking the run over at this moment.
    await expect.poll(async () => (await agent()).next?.run, PATIENCE).toBe('late');
    await machine.reboot();
    await expect.poll(async () => (await machine.run(['ip', 'netns', 'list'])).stdout, PATIENCE).toMatch(/^wired/);
    await expect.poll(() => statusOf('late'), PATIENCE).toBe('waiting');
    expect(await machine.run(['ip', '-brief', 'link', 'show', 'wire0'])).toMatchObject({ exitCode: 0 });
    expect((await machine.run(['ip', 'netns', 'exec', 'wired', 'ip', '-brief', 'link'])).stdout).toMatch(/^lo /);
    expect((await wf('send', 'late', 'end')).exitCode).toBe(0);
    await expect.poll(() => statusOf('late'), PATIENCE).toBe('succeeded');
    expect((await machine.run(['ip', 'netns', 'list'])).stdout).toBe('');

    // The agent drains, and leaves nothing.
    expect(await wf('agent', 'uninstall')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(unitFiles()).toEqual([]);
    expect(await agent()).toMatchObject({ running: false, units: [] });
    expect(await systemctl('list-units', '--all', '--plain', '--no-legend', 'wf-*')).toBe('');
    expect((await machine.run(['journalctl', '--no-pager', '-o', 'cat', '-u', unit.name])).stdout).toMatch(
      /SIGTERM: draining, no run is under way\n.* agent ended$/,
    );
  }, 180_000);

  test('a service of the system executes no file that another user can write, and replaces no foreign unit', async () => {
    await machine.run(['chmod', 'o+w', path.join(project, 'workflows/wire.ts')]);
    const refused = await wf('agent', 'install');
    expect(refused).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('E_UNTRUSTED') });
    expect(unitFiles()).toEqual([]);
    await machine.run(['chmod', 'o-w', path.join(project, 'workflows/wire.ts')]);

    expect((await wf('agent', 'install')).exitCode).toBe(0);
    const [name = ''] = unitFiles();
    const file = path.join('/etc/systemd/system', name);
    const own = readFileSync(machine.at(file), 'utf8');
    machine.write(file, '# mine\n');
    for (const action of ['install', 'uninstall']) {
      expect(await wf('agent', action)).toMatchObject({
        exitCode: 4,
        stderr: expect.stringContaining('E_UNIT_EXISTS'),
      });
    }
    expect(readFileSync(machine.at(file), 'utf8')).toBe('# mine\n');
    machine.write(file, own);
    expect((await wf('agent', 'uninstall')).exitCode).toBe(0);
  }, 60_000);

  test('a service of one user', async () => {
    // A minimal installation has no PAM module that sets this.
    machine.write(
      '/etc/systemd/system/user@0.service.d/test.conf',
      '[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/0\n',
    );
    await systemctl('daemon-reload');
    expect((await machine.run(['systemctl', 'start', 'user@0.service'])).exitCode).toBe(0);
    const installed = await wf('agent', 'install', '--user');
    expect(installed).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('loginctl enable-linger root') });
    const { running, units } = await agent();
    expect({ running, units }).toMatchObject({ running: true, units: [{ active: 'active', enabled: 'enabled' }] });
    expect(units[0]?.file).toMatch(/^\/root\/\.config\/systemd\/user\//);
    expect((await wf('agent', 'uninstall', '--user')).exitCode).toBe(0);
    expect(await agent()).toMatchObject({ running: false, units: [] });
    expect(readdirSync(machine.at('/root/.config/systemd/user'))).toEqual([]);
  }, 60_000);

  test('the printed timer starts one run per slot', async () => {
    // The timer fires each second instead of once per slot: the id has the minute.
    const printed = z
      .array(z.object({ name: z.string(), file: z.string(), text: z.string() }))
      .parse(await json('schedule', 'print', 'wire', '--on-calendar', '*:*:*', '--name', 'often', '--input', 'ms=1'));
    for (const { file, text } of printed) machine.write(file, text);
    const verified = await machine.run(['systemd-analyze', 'verify', ...printed.map(({ file }) => file)]);
    expect(verified).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    await systemctl('daemon-reload');
    expect((await machine.run(['systemctl', 'start', 'wf-often.timer'])).exitCode).toBe(0);
    const journal = async () =>
      (await machine.run(['journalctl', '--no-pager', '-o', 'cat', '-u', 'wf-often.service'])).stdout;
    await expect.poll(journal, PATIENCE).toMatch(/not started: run often-\d{8}T\d{4}Z of wire is succeeded/);
    await systemctl('stop', 'wf-often.timer');
    const runs = runsSchema.parse(await json('runs'));
    expect(runs.every(({ id, status }) => /^often-\d{8}T\d{4}Z$/.test(id) && status === 'succeeded')).toBe(true);
    expect(await systemctl('is-failed', 'wf-often.service')).not.toBe('failed');
    for (const { file } of printed) await machine.run(['rm', file]);
    await systemctl('daemon-reload');
  }, 60_000);

  const inProject = () => ({ cwd: project, env: { HOME: '/root' } });
  const wfArgs = (id: string, ms: number) => [
    ...[
      machine.program,
      'start',
      'wire',
      '--id',
      id,
      '--input',
      `ms=${ms}`,
      '--input',
      'holdMs=600000',
      '--resume',
      'auto',
    ],
  ];
});
