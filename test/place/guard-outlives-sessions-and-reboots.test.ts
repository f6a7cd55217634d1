import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../support/run-record.ts';
import { bootSystemd, canBootSystemd, type SystemdMachine } from '../support/systemd.ts';

const WORKFLOW = readFileSync(new URL('../fixtures/workflows/setting.ts', import.meta.url), 'utf8');
const PROJECT = '/srv/setting';
const PATIENCE = { timeout: 30_000, interval: 200 };

const withSystemd = test.skipIf(!canBootSystemd());

let folder: string;
let machine: SystemdMachine;

beforeAll(async () => {
  if (!canBootSystemd()) return;
  folder = mkdtempSync(path.join(tmpdir(), 'wf-guard-'));
  machine = await bootSystemd(folder);
  machine.write(`${PROJECT}/workflows/setting.ts`, WORKFLOW);
  machine.write(`${PROJECT}/.wf`, '');
});
afterAll(async () => {
  if (!canBootSystemd()) return;
  await machine.end();
  rmSync(folder, { recursive: true, force: true });
});

function start(id: string, ...args: readonly string[]): readonly string[] {
  machine.write(`${PROJECT}/${id}/.there`, '');
  return ['start', 'setting', '--id', id, '--input', `folder=${PROJECT}/${id}`, ...args];
}

/** Starts a run that is to be unconfirmed, in a scope of systemd, as a login session is; returns the scope. */
async function startInScope(id: string, ...args: readonly string[]): Promise<string> {
  const scope = `session-${id}.scope`;
  const line = [process.execPath, machine.program, ...start(id, ...args)];
  void machine.run(['systemd-run', '--quiet', '--scope', `--unit=${scope}`, '--', ...line], {
    cwd: PROJECT,
    env: { HOME: '/root' },
  });
  return scope;
}

async function record(id: string): Promise<RunRecord | undefined> {
  const { stdout, exitCode } = await machine.wf(['show', id, '--json'], PROJECT);
  return exitCode === 0 ? runRecordSchema.parse(JSON.parse(stdout)) : undefined;
}

const statusOf = async (id: string) => (await record(id))?.status;
const isMade = (id: string, name: string) => existsSync(machine.at(`${PROJECT}/${id}/${name}`));
const unit = (id: string) => `wf-guard@${id}.service`;
const hasUnit = (id: string) => existsSync(machine.at(`/etc/systemd/system/${unit(id)}`));
const isEnabled = (id: string) =>
  machine.run(['systemctl', 'is-enabled', unit(id)]).then(({ stdout }) => stdout.trim() === 'enabled');

async function expectUndone(id: string): Promise<void> {
  await expect.poll(() => statusOf(id), PATIENCE).toBe('rolled-back');
  expect(await record(id)).toMatchObject({ error: { code: 'E_NOT_CONFIRMED' }, verification: { restored: true } });
  expect([isMade(id, 'one'), isMade(id, 'two'), hasUnit(id), await isEnabled(id)]).toEqual([
    false,
    false,
    false,
    false,
  ]);
}

withSystemd('a confirmed run stays, without its guard, also after a reboot', async () => {
  const scope = await startInScope('confirmed', '--confirm-within', '10m');
  await expect.poll(() => statusOf('confirmed'), PATIENCE).toBe('unconfirmed');
  expect([hasUnit('confirmed'), await isEnabled('confirmed')]).toEqual([true, true]);
  expect((await record('confirmed'))?.changes[0]).toMatchObject({ seq: 1, kind: 'systemd.guard', status: 'kept' });
  const confirm = await machine.wf(['confirm', 'confirmed'], PROJECT);
  expect(confirm, confirm.stderr).toMatchObject({ exitCode: 0 });
  expect((await record('confirmed'))?.changes.map(({ status }) => status)).toEqual(['reverted', 'kept', 'kept']);
  expect([hasUnit('confirmed'), await isEnabled('confirmed')]).toEqual([false, false]);
  const isRunning = async () => (await machine.run(['systemctl', 'is-active', unit('confirmed')])).stdout.trim();
  await expect.poll(isRunning, PATIENCE).toBe('inactive');
  await machine.reboot();
  expect([await statusOf('confirmed'), isMade('confirmed', 'two')]).toEqual(['succeeded', true]);
  expect(scope).toBe('session-confirmed.scope');
});

withSystemd('the end of the session with all its processes does not keep a run', async () => {
  const scope = await startInScope('session', '--confirm-within', '5s');
  await expect.poll(() => statusOf('session'), PATIENCE).toBe('unconfirmed');
  await machine.run(['systemctl', 'kill', '--signal=KILL', scope]);
  await expectUndone('session');
});

withSystemd('a guard that is killed comes back', async () => {
  const scope = await startInScope('guard-killed', '--confirm-within', '8s');
  await expect.poll(() => statusOf('guard-killed'), PATIENCE).toBe('unconfirmed');
  await machine.run(['systemctl', 'kill', '--signal=KILL', unit('guard-killed')]);
  await machine.run(['systemctl', 'kill', '--signal=KILL', scope]);
  await expectUndone('guard-killed');
});

withSystemd('a reboot takes an unconfirmed run back, and one that was being applied', async () => {
  await startInScope('rebooted', '--confirm-within', '10m');
  await startInScope('half', '--confirm-within', '10m', '--input', `waitFor=${PROJECT}/never`);
  await expect.poll(() => statusOf('rebooted'), PATIENCE).toBe('unconfirmed');
  await expect.poll(() => isMade('half', 'one'), PATIENCE).toBe(true);
  expect([isMade('rebooted', 'one'), isMade('rebooted', 'two')]).toEqual([true, true]);
  await machine.reboot();
  await expectUndone('rebooted');
  await expectUndone('half');
});

withSystemd('a run that fails leaves no guard behind', async () => {
  machine.write(`${PROJECT}/fails/broken`, '');
  const failed = await machine.wf(start('fails', '--confirm-within', '10m'), PROJECT);
  expect(failed, failed.stderr).toMatchObject({ exitCode: 1 });
  expect(await record('fails')).toMatchObject({ status: 'rolled-back', verification: { restored: true } });
  expect([isMade('fails', 'one'), hasUnit('fails'), await isEnabled('fails')]).toEqual([false, false, false]);
});

withSystemd('a start that cannot arm its guard ends with 3, and touches nothing', async () => {
  await machine.run(['mount', '--bind', '/etc', '/etc']);
  await machine.run(['mount', '-o', 'remount,ro,bind', '/etc']);
  const refused = await machine.wf(start('readonly', '--confirm-within', '10m'), PROJECT);
  expect(refused, refused.stderr).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('E_GUARD') });
  expect([isMade('readonly', 'one'), hasUnit('readonly')]).toEqual([false, false]);
  const unguarded = await machine.wf(start('unguarded', '--confirm-within', '1s', '--no-guard'), PROJECT);
  expect(unguarded, unguarded.stderr).toMatchObject({ exitCode: 1 });
  expect(isMade('unguarded', 'one')).toBe(false);
  await machine.run(['umount', '/etc']);
});
