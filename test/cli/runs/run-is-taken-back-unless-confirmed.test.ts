import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { WF } from '../../support/command/run-wf.ts';
import { guardOf } from '../../support/host/guard-of-run.ts';
import { CROWD } from '../../support/rotation.ts';
import { openSettingProject, type SettingProject } from '../../support/workflows/setting-workflow.ts';

const UNCONFIRMED = /^not confirmed yet: undone at /;
const MADE = ['one', 'two'];
const UNDONE = ['one', 'two', 'not two', 'not one'];

/** Waits until the run has ended, whichever process ends it. */
async function ended(project: SettingProject, id: string) {
  // An interrupted run stays so until its guard acts: `wf wait` would end.
  const hasEnded = async () => (await project.record(id)).finishedAt !== null;
  await expect.poll(hasEnded, { timeout: 30_000, interval: 100 }).toBe(true);
  const end = await project.sharedWf(['wait', id]);
  return { exitCode: end.exitCode, record: await project.record(id) };
}

test.concurrent('a run is kept once it is confirmed, and its guard ends', async () => {
  const project = openSettingProject();
  const run = project.run('confirmed-here', ['--confirm-within', '60s']);
  await run.line(UNCONFIRMED);
  const guard = guardOf(project, 'confirmed-here');
  expect(await project.record('confirmed-here')).toMatchObject({
    status: 'unconfirmed',
    waitingFor: { confirm: { deadline: expect.any(String) } },
  });
  // None of these commands confirms it.
  for (const args of [
    ['show'],
    ['runs'],
    ['report', 'confirmed-here'],
    ['resume', 'confirmed-here'],
    ['start', 'setting', '--dry-run'],
  ]) {
    await project.sharedWf(args);
  }
  for (const other of ['@latest', 'confirmed-h']) {
    expect(await project.confirm(other)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('whole id') });
  }
  expect((await project.record('confirmed-here')).status).toBe('unconfirmed');
  const confirm = await project.wf(['confirm', 'confirmed-here', '--comment', 'reached it', '--json']);
  expect(confirm, confirm.stderr).toMatchObject({ exitCode: 0 });
  expect(confirm.json()).toMatchObject({ request: { kind: 'confirm', comment: 'reached it' } });
  expect(await run.end).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('does not outlive a reboot') });
  expect(await project.record('confirmed-here')).toMatchObject({
    status: 'succeeded',
    output: { set: true },
    waitingFor: null,
  });
  expect(project.log()).toEqual(MADE);
  await expect.poll(() => existsSync(`/proc/${guard}`), { timeout: 5_000 }).toBe(false);
  expect(await project.confirm('confirmed-here')).toMatchObject({ exitCode: 4 });
});

test.concurrent('a run that nobody confirms is undone, and ends with 1', async () => {
  const project = openSettingProject();
  const end = await project.carryOut('never-confirmed', '--confirm-within', '1s', '--no-guard');
  expect(end).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('guard: none') });
  expect(await project.record('never-confirmed')).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_NOT_CONFIRMED' },
  });
  expect(project.log()).toEqual(UNDONE);
  expect(await project.confirm('never-confirmed')).toMatchObject({ exitCode: 4 });
});

test.concurrent('a run that fails is undone, and its guard ends at once', async () => {
  const project = openSettingProject();
  project.write('broken', '');
  const run = project.run('fails-unconfirmed', ['--confirm-within', '10m']);
  expect(await run.end).toMatchObject({ exitCode: 1 });
  expect(await project.record('fails-unconfirmed')).toMatchObject({ status: 'rolled-back' });
  expect(project.log()).toEqual(UNDONE);
  const guard = guardOf(project, 'fails-unconfirmed');
  await expect.poll(() => existsSync(`/proc/${guard}`), { timeout: 5_000 }).toBe(false);
});

test.concurrent('the guard undoes an unconfirmed run whose process was killed, without the files of the workflow', async () => {
  const project = openSettingProject();
  const run = project.run('killed-unconfirmed', ['--confirm-within', '3s']);
  await run.line(UNCONFIRMED);
  run.kill('SIGKILL');
  await run.end;
  writeFileSync(path.join(project.folder, 'workflows/setting.ts'), 'this is no workflow any more');
  expect(await ended(project, 'killed-unconfirmed')).toMatchObject({
    exitCode: 1,
    record: { status: 'rolled-back', error: { code: 'E_NOT_CONFIRMED' }, verification: { restored: true } },
  });
  expect(project.log()).toEqual(UNDONE);
});

test.concurrent('the guard continues a stopped process past the deadline, which undoes its run', async () => {
  const project = openSettingProject();
  const run = project.run('stopped-owner', ['--confirm-within', '2s']);
  await run.line(UNCONFIRMED);
  run.kill('SIGSTOP');
  expect(await run.end).toMatchObject({ exitCode: 1 });
  expect(await project.record('stopped-owner')).toMatchObject({
    status: 'rolled-back',
    error: { code: 'E_NOT_CONFIRMED' },
  });
  expect(project.log()).toEqual(UNDONE);
});

test
  .skipIf(process.getuid?.() !== 0)
  .concurrent('sudo in the project of its caller has a guard, which finds the same files', async () => {
    const project = openSettingProject();
    const caller = 54_321;
    for (const file of ['.', '.wf', 'workflows', 'workflows/setting.ts']) {
      chownSync(path.join(project.folder, file), caller, caller);
    }
    const run = project.run('with-sudo', ['--confirm-within', '2s'], { SUDO_UID: String(caller) });
    await run.line(UNCONFIRMED);
    run.kill('SIGKILL');
    await run.end;
    // The database belongs to root, as the process did.
    const show = () => project.sharedWf(['show', 'with-sudo', '--json'], { env: { SUDO_UID: String(caller) } });
    const status = async () => runRecordSchema.parse((await show()).json()).status;
    await expect.poll(status, { timeout: 20_000, interval: 100 }).toBe('rolled-back');
  });

test.concurrent('the guard undoes a run whose process was killed while it applied the changes', async () => {
  const project = openSettingProject();
  const run = project.run('half-applied', ['--confirm-within', '1s', '--input', `waitFor=${project.folder}/never`]);
  await expect.poll(() => project.log(), { timeout: 10_000 }).toEqual(['one']);
  run.kill('SIGKILL');
  await run.end;
  expect(await ended(project, 'half-applied')).toMatchObject({ exitCode: 1, record: { status: 'rolled-back' } });
  expect(existsSync(path.join(project.folder, 'one'))).toBe(false);
});

test.concurrent('a guard whose database was removed ends, and undoes nothing that it cannot record', async () => {
  const project = openSettingProject();
  const run = project.run('without-database', ['--confirm-within', '1s']);
  await run.line(UNCONFIRMED);
  run.kill('SIGKILL');
  await run.end;
  const guard = guardOf(project, 'without-database');
  for (const file of ['wf.db', 'wf.db-wal', 'wf.db-shm']) rmSync(path.join(project.folder, file), { force: true });
  await expect.poll(() => existsSync(`/proc/${guard}`), { timeout: 10_000 }).toBe(false);
  expect(project.log()).toEqual(MADE);
});

test.concurrent('a run without a process keeps its names, and the sending command confirms, extends or rolls it back', async () => {
  const project = openSettingProject();
  const requireNamesInUse = async (id: string) => {
    const refused = await project.carryOut('rival');
    expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('E_NAME_IN_USE') });
    expect(refused.stderr).toContain(id);
  };
  for (const id of ['confirmed-later', 'taken-back']) {
    const run = project.run(id, ['--confirm-within', '60s']);
    await run.line(UNCONFIRMED);
    await requireNamesInUse(id);
    run.kill('SIGKILL');
    await run.end;
    await requireNamesInUse(id);
    const extended = await project.confirm(id, '--extend', '2m');
    expect(extended, extended.stderr).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('unless somebody confirms it'),
    });
    expect(await project.record(id)).toMatchObject({ status: 'unconfirmed' });
    if (id === 'confirmed-later') {
      expect(await project.confirm(id)).toMatchObject({ exitCode: 0 });
      expect(await project.record(id)).toMatchObject({ status: 'succeeded' });
    }
    expect(await project.sharedWf(['rollback', id])).toMatchObject({ exitCode: 0 });
    expect(await project.record(id)).toMatchObject({ status: 'rolled-back' });
  }
  expect(project.log()).toEqual([...UNDONE, ...UNDONE]);
});

test.concurrent('wf rollback takes back an unconfirmed run of a living process that a failing probe keeps unconfirmed', async () => {
  const project = openSettingProject();
  const run = project.run('probed', ['--confirm-within', '60s', '--confirm-if', 'isAllowed']);
  await run.line(UNCONFIRMED);
  project.write('broken', '');
  const refused = await project.confirm('probed');
  expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('its probe isAllowed fails') });
  expect(await project.wf(['rollback', 'probed'])).toMatchObject({ exitCode: 0 });
  expect(await run.end).toMatchObject({ exitCode: 1 });
  expect(await project.record('probed')).toMatchObject({ status: 'rolled-back', error: { code: 'E_CANCELLED' } });
  expect(project.log()).toEqual(UNDONE);
});

test.concurrent('a guard ends a confirmed run whose process is killed before it ends, and keeps its changes', async () => {
  const project = openSettingProject();
  const run = project.run('cut-confirmed', ['--confirm-within', '60s'], { WF_CRASH_AT: 'after commit answered' });
  await run.line(UNCONFIRMED);
  const confirm = await project.confirm('cut-confirmed');
  expect(confirm.exitCode, confirm.stderr).toBe(0);
  expect(await run.end).toMatchObject({ signal: 'SIGKILL' });
  expect(await ended(project, 'cut-confirmed')).toMatchObject({ exitCode: 0, record: { status: 'succeeded' } });
  expect(project.log()).toEqual(MADE);
});

test.concurrent('the confirming command ends a confirmed run whose only process is killed before it ends', async () => {
  const project = openSettingProject();
  const env = { WF_CRASH_AT: 'after commit answered' };
  const run = project.run('unguarded-cut', ['--confirm-within', '60s', '--no-guard'], env);
  await run.line(UNCONFIRMED);
  expect(await project.confirm('unguarded-cut')).toMatchObject({ exitCode: 0 });
  expect(await run.end).toMatchObject({ signal: 'SIGKILL' });
  expect(await project.record('unguarded-cut')).toMatchObject({ status: 'succeeded' });
  expect(project.log()).toEqual(MADE);
});

/** A login like that of PAM: the kernel gives the process a new session. Only root can do that. */
const LOGIN = { through: ['sh', '-c', 'echo 0 > /proc/self/loginuid && exec "$@"', 'sh'] };
const canLogIn = process.getuid?.() === 0 && existsSync('/proc/self/loginuid');

test
  .skipIf(!canLogIn)
  .concurrent(
    'with --confirm-by new-session, only a login session that began after the change confirms it',
    async () => {
      const project = openSettingProject();
      const args = ['start', 'setting', '--id', 'by-new-session', '--input', `folder=${project.folder}`];
      const run = project.start([...args, '--confirm-within', '60s', '--confirm-by', 'new-session'], LOGIN);
      await run.line(UNCONFIRMED);
      const own = `/proc/${run.pid}/sessionid`;
      expect(Number(readFileSync(own, 'utf8'))).toBeLessThan(4_294_967_295);
      expect(await project.confirm('by-new-session')).toMatchObject({
        exitCode: 4,
        stderr: expect.stringContaining('belongs to no login session'),
      });
      const inNewSession = await project.wf(['confirm', 'by-new-session'], LOGIN);
      expect(inNewSession, inNewSession.stderr).toMatchObject({ exitCode: 0 });
      expect(await run.end).toMatchObject({ exitCode: 0 });
    },
  );

test
  .skipIf(!canLogIn)
  .concurrent('with --confirm-by new-session, the session that made the change cannot confirm it', async () => {
    const project = openSettingProject();
    const words = [
      `${process.execPath} "$0" start setting --id by-own-session --input folder="$1" --confirm-within 60s --confirm-by new-session --detach`,
      'until [ -e "$1/go" ]; do sleep 0.1; done',
      `${process.execPath} "$0" confirm by-own-session; echo "exit $?"`,
      `${process.execPath} "$0" cancel by-own-session`,
    ];
    const shell = { through: [...LOGIN.through, 'sh', '-c', words.join('; '), WF, project.folder] };
    const session = project.start([], shell);
    const status = async () => (await project.record('by-own-session')).status;
    await vi.waitFor(async () => expect(await status()).toBe('unconfirmed'), { timeout: 20_000, interval: 100 });
    project.write('go', '');
    const end = await session.end;
    expect(end.stderr).toMatch(/login session \d+ began before the change/);
    expect(end.stdout).toContain('exit 4');
    expect(await project.record('by-own-session')).toMatchObject({ status: 'rolled-back' });
  });

test.concurrent('one of many simultaneous commands decides, and each gets a true answer', async () => {
  const project = openSettingProject();
  const run = project.run('asked-by-many', ['--confirm-within', '60s']);
  await run.line(UNCONFIRMED);
  const commands = Array.from({ length: CROWD }, (_none, index) =>
    project.wf([index % 2 === 0 ? 'confirm' : 'cancel', 'asked-by-many', '--json']),
  );
  const ends = await Promise.all(commands);
  await run.end;
  const { status, requests } = await project.record('asked-by-many');
  const handled = requests.filter(({ outcome }) => outcome?.type === 'handled');
  expect(handled).toHaveLength(1);
  expect(status).toBe(handled[0]?.kind === 'confirm' ? 'succeeded' : 'rolled-back');
  expect(project.log()).toEqual(status === 'succeeded' ? MADE : UNDONE);
  expect(ends.map(({ exitCode }) => exitCode).sort()).toEqual([0, ...Array.from({ length: CROWD - 1 }, () => 4)]);
});

test.concurrent.each([
  ['--confirm-within', ['--confirm-if', 'isAllowed'], 2],
  ['no probe', ['--confirm-within', '9s', '--confirm-if', 'one'], 2],
  ['after a failure', ['--confirm-within', '9s', '--on-failure', 'keep'], 2],
  ['not a duration', ['--confirm-within', 'soon'], 2],
])('a start is refused, and touches nothing: %s', async (words, args, exitCode) => {
  const project = openSettingProject();
  const refused = await project.carryOut('never-started', ...args);
  expect(refused).toMatchObject({ exitCode, stderr: expect.stringContaining(words) });
  expect(project.log()).toEqual([]);
  expect(existsSync(project.database)).toBe(false);
});
