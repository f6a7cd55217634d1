import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inTurn } from '../support/rotation.ts';
import { openSettingProject, type SettingProject } from '../support/workflows/setting-workflow.ts';

const UNCONFIRMED = /^not confirmed yet: undone at /;
const MADE = ['one', 'two'];

/** Points of this part of a run; all others are tried with other workflows. */
const OWN = /commit (?:armed|unconfirmed|extended|answered|rolling-back|change\.settled|change\.reverting|ended)/;

/** One in this many points is tried, each with a separate run. */
const SHARES = 12;

/** Returns the points that a wf reaches with this log, without repetitions. */
function pointsIn(project: SettingProject, log: string): readonly string[] {
  const points = readFileSync(path.join(project.folder, log), 'utf8').trim().split('\n');
  return [...new Set(points.filter((point) => OWN.test(point)))];
}

/** Ends a run as its guard does, and checks that it is confirmed only if the sender got that answer, and did nothing twice. */
async function requireTrueEnd(project: SettingProject, id: string, point: string): Promise<void> {
  expect(await project.sharedWf(['guard', id]), point).toMatchObject({ exitCode: 0 });
  const { status, requests, verification } = await project.record(id);
  const isHandled = requests.some(({ kind, outcome }) => kind === 'confirm' && outcome?.type === 'handled');
  expect(status, point).toBe(isHandled ? 'succeeded' : 'rolled-back');
  // A run without changes has no verification.
  expect(verification?.restored ?? true, point).toBe(true);
  const log = project.log();
  expect(
    log.filter((line) => MADE.includes(line)),
    point,
  ).toEqual(MADE.filter((line) => log.includes(line)));
  if (status === 'succeeded') expect(log, point).toEqual(MADE);
  else expect(log.filter((line) => line.startsWith('not')).length, point).toBe(new Set(log).size / 2);
}

test('a run that has to be confirmed is confirmed or undone if its process is killed at any point', async () => {
  const walk = openSettingProject();
  const walked = walk.run('walk', ['--confirm-within', '60s'], { WF_CRASH_LOG: path.join(walk.folder, 'points') });
  await walked.line(UNCONFIRMED);
  expect(await walk.confirm('walk')).toMatchObject({ exitCode: 0 });
  await walked.end;
  const points = pointsIn(walk, 'points');
  expect(points).toContain('after commit unconfirmed');
  expect(points).toContain('before commit answered');
  await Promise.all(
    inTurn(points, SHARES).map(async (point, index) => {
      const project = openSettingProject();
      const id = `owner-${index}`;
      // Long enough for the confirmation on a busy machine; short where its guard has to wait for the deadline.
      const within = /answered|change\.settled|ended/.test(point) ? '15s' : '2s';
      const run = project.run(id, ['--confirm-within', within, '--no-guard'], { WF_CRASH_AT: point });
      const isUnconfirmed = run.line(UNCONFIRMED).then(
        () => true,
        () => false,
      );
      // Not in the shared process, where it would wait for the guards of other runs, beyond its deadline.
      if (await isUnconfirmed) await project.wf(['confirm', id]);
      expect(await run.end, point).toMatchObject({ signal: 'SIGKILL' });
      await requireTrueEnd(project, id, point);
    }),
  );
});

test('the next guard completes the rollback of a guard that is killed at any point', async () => {
  const guarded = async (project: SettingProject, id: string) => {
    const run = project.run(id, ['--confirm-within', '1s', '--no-guard']);
    await run.line(UNCONFIRMED);
    run.kill('SIGKILL');
    await run.end;
  };
  const walk = openSettingProject();
  await guarded(walk, 'guard-walk');
  await walk.wf(['guard', 'guard-walk'], { env: { WF_CRASH_LOG: path.join(walk.folder, 'points') } });
  const points = pointsIn(walk, 'points');
  expect(points).toContain('after commit rolling-back');
  await Promise.all(
    inTurn(points, SHARES).map(async (point, index) => {
      const project = openSettingProject();
      const id = `guard-${index}`;
      await guarded(project, id);
      expect(await project.wf(['guard', id], { env: { WF_CRASH_AT: point } }), point).toMatchObject({
        signal: 'SIGKILL',
      });
      await requireTrueEnd(project, id, point);
    }),
  );
});

test('a sender that is killed after its confirmation is stored has confirmed the run', async () => {
  const project = openSettingProject();
  const run = project.run('sender', ['--confirm-within', '60s', '--no-guard']);
  await run.line(UNCONFIRMED);
  run.kill('SIGSTOP');
  const sender = await project.wf(['confirm', 'sender'], { env: { WF_CRASH_AT: 'after request' } });
  expect(sender).toMatchObject({ signal: 'SIGKILL' });
  run.kill('SIGCONT');
  expect(await run.end).toMatchObject({ exitCode: 0 });
  expect(await project.record('sender')).toMatchObject({ status: 'succeeded' });
  expect(project.log()).toEqual(MADE);
});
