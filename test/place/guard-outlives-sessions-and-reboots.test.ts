import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRecord } from '../support/command/read-record.ts';
import { readRun } from '../support/crash/run-on-disk.ts';
import { bootSystemd, canBootSystemd, type SystemdMachine } from '../support/host/systemd.ts';

const WORKFLOW = readFileSync(new URL('../fixtures/workflows/setting.ts', import.meta.url), 'utf8');
const PATIENCE = { timeout: 30_000, interval: 200 };

const withSystemd = test.skipIf(!canBootSystemd());

let folder: string;
/** The project has the same path in the machine and here, where the test reads its database. */
let project: string;
let database: string;
let machine: SystemdMachine;

beforeAll(async () => {
  if (!canBootSystemd()) return;
  folder = mkdtempSync('/var/tmp/wf-guard-');
  project = path.join(folder, 'shared', 'setting');
  database = path.join(project, 'data', 'wf.db');
  machine = await bootSystemd(folder);
  machine.write(`${project}/workflows/setting.ts`, WORKFLOW);
  machine.write(`${project}/.wf`, '');
});
afterAll(async () => {
  if (!canBootSystemd()) return;
  await machine.end();
  rmSync(folder, { recursive: true, force: true });
});

function start(id: string, ...args: readonly string[]): readonly string[] {
  machine.write(`${project}/${id}/.there`, '');
  return ['start', 'setting', '--id', id, '--input', `folder=${project}/${id}`, ...args];
}

/** Starts a run that is to be unconfirmed, in a scope of systemd, as a login session is; returns the scope. */
async function startInScope(id: string, ...args: readonly string[]): Promise<string> {
  const scope = `session-${id}.scope`;
  const line = [process.execPath, machine.program, ...start(id, ...args)];
  void machine.run(['systemd-run', '--quiet', '--scope', `--unit=${scope}`, '--', ...line], {
    cwd: project,
    env: { HOME: '/root' },
  });
  return scope;
}

const record = (id: string) => readRecord({ database }, id);
const statusOf = (id: string) => readRun(database, id)?.run.status;
const isMade = (id: string, name: string) => existsSync(machine.at(`${project}/${id}/${name}`));
const unit = (id: string) => `wf-guard@${id}.service`;
const hasUnit = (id: string) => existsSync(machine.at(`/etc/systemd/system/${unit(id)}`));
const isEnabled = (id: string) =>
  machine.run(['systemctl', 'is-enabled', unit(id)]).then(({ stdout }) => stdout.trim() === 'enabled');

async function expectUndone(id: string): Promise<void> {
  await expect.poll(() => statusOf(id), PATIENCE).toBe('rolled-back');
  expect(record(id)).toMatchObject({ error: { code: 'E_NOT_CONFIRMED' }, verification: { restored: true } });
  expect([isMade(id, 'one'), isMade(id, 'two'), hasUnit(id), await isEnabled(id)]).toEqual([
    false,
    false,
    false,
    false,
  ]);
}

withSystemd('the end of the session and a kill of the guard do not keep a run', async () => {
  const scope = await startInScope('killed', '--confirm-within', '8s');
  await expect.poll(() => statusOf('killed'), PATIENCE).toBe('unconfirmed');
  const guard = async () => (await machine.run(['systemctl', 'show', '--property=MainPID', unit('killed')])).stdout;
  const before = await guard();
  expect(before).toMatch(/^MainPID=[1-9]/);
  await machine.run(['systemctl', 'kill', '--signal=KILL', scope]);
  const isActive = async () => (await machine.run(['systemctl', 'is-active', scope])).stdout;
  await expect.poll(isActive, PATIENCE).not.toBe('active');
  expect(await guard()).toBe(before);
  await machine.run(['systemctl', 'kill', '--signal=KILL', unit('killed')]);
  await expectUndone('killed');
});

withSystemd(
  'after a reboot, only a confirmed run stays: no unconfirmed one, and none that was interrupted',
  async () => {
    await startInScope('confirmed', '--confirm-within', '10m');
    await expect.poll(() => statusOf('confirmed'), PATIENCE).toBe('unconfirmed');
    expect([hasUnit('confirmed'), await isEnabled('confirmed')]).toEqual([true, true]);
    expect(record('confirmed').changes[0]).toMatchObject({ seq: 1, kind: 'systemd.guard', status: 'kept' });
    const confirm = await machine.wf(['confirm', 'confirmed'], project);
    expect(confirm, confirm.stderr).toMatchObject({ exitCode: 0 });
    expect(record('confirmed').changes.map(({ status }) => status)).toEqual(['reverted', 'kept', 'kept']);
    expect([hasUnit('confirmed'), await isEnabled('confirmed')]).toEqual([false, false]);
    const isRunning = async () => (await machine.run(['systemctl', 'is-active', unit('confirmed')])).stdout.trim();
    await expect.poll(isRunning, PATIENCE).toBe('inactive');

    await startInScope('rebooted', '--confirm-within', '10m');
    await startInScope('half', '--confirm-within', '10m', '--input', `waitFor=${project}/never`);
    await expect.poll(() => statusOf('rebooted'), PATIENCE).toBe('unconfirmed');
    await expect.poll(() => isMade('half', 'one'), PATIENCE).toBe(true);
    expect([isMade('rebooted', 'one'), isMade('rebooted', 'two')]).toEqual([true, true]);
    await machine.reboot();
    await expectUndone('rebooted');
    await expectUndone('half');
    expect([statusOf('confirmed'), isMade('confirmed', 'two')]).toEqual(['succeeded', true]);
  },
);

withSystemd('a run that fails leaves no guard behind', async () => {
  machine.write(`${project}/fails/broken`, '');
  const failed = await machine.wf(start('fails', '--confirm-within', '10m'), project);
  expect(failed, failed.stderr).toMatchObject({ exitCode: 1 });
  expect(record('fails')).toMatchObject({ status: 'rolled-back', verification: { restored: true } });
  expect([isMade('fails', 'one'), hasUnit('fails'), await isEnabled('fails')]).toEqual([false, false, false]);
});

withSystemd('a start that cannot arm its guard ends with 3, and touches nothing', async () => {
  await machine.run(['mount', '--bind', '/etc', '/etc']);
  await machine.run(['mount', '-o', 'remount,ro,bind', '/etc']);
  const refused = await machine.wf(start('readonly', '--confirm-within', '10m'), project);
  expect(refused, refused.stderr).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('E_GUARD') });
  expect([isMade('readonly', 'one'), hasUnit('readonly')]).toEqual([false, false]);
  const unguarded = await machine.wf(start('unguarded', '--confirm-within', '1s', '--no-guard'), project);
  expect(unguarded, unguarded.stderr).toMatchObject({ exitCode: 1 });
  expect(isMade('unguarded', 'one')).toBe(false);
  await machine.run(['umount', '/etc']);
});
