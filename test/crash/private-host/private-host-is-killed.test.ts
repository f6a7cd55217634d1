import { expect, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { describeCrash, newRun } from '../../support/crash/crash-tests.ts';
import { halted } from '../../support/crash/faults/halt.ts';
import { judge } from '../../support/crash/witnesses/oracle.ts';
import { chosen, inTurn } from '../../support/rotation.ts';

describeCrash('a run whose private host is killed', () => {
  const moments = [
    ['during its first steps', /^setup {2}createNetwork .* ok /],
    ['while a command runs in it', /^splice {2}createPair .* ok /],
    ['while everything is taken away', 'after commit step.succeeded removePair'],
  ] as const;
  test.for(inTurn(moments, 3))('fails and is rolled back (killed %s)', async ([, moment]) => {
    const { run, subject, lane, before } = await newRun('app');
    const orders = typeof moment === 'string' ? { haltAt: moment } : {};
    const wf = lane.start(subject.start(run, '--input', 'hold=1', '--json'), orders);
    await (typeof moment === 'string' ? halted(wf) : wf.line(moment));
    expect(subject.killPrivateHost?.(run)).toBe(true);
    wf.kill('SIGCONT');
    const end = await wf.end;
    expect(end.exitCode, end.stderr).toBe(1);
    const { error, changes } = runRecordSchema.parse(end.json());
    expect(error).toMatchObject({ code: 'E_NAMESPACE_GONE', message: expect.stringContaining('private host') });
    expect(changes.map(({ status }) => status)).not.toContain('stuck');
    expect((await judge(subject, run, before, ['rolled-back'], end)).problems).toEqual([]);
  });

  const verbs = chosen([
    ['resume', 1],
    ['rollback', 0],
  ] as const);
  test.for(verbs)('is undone by a %s while it is paused, with exit code %i', async ([verb, exitCode]) => {
    const { run, subject, lane, before } = await newRun('app-as-user');
    const paused = await lane.wf(subject.start(run, '--pause-after', 'probe'));
    expect(paused.exitCode, paused.stderr).toBe(0);
    expect(subject.killPrivateHost?.(run)).toBe(true);
    const end = await lane.wf([verb, run, '--json']);
    expect(end.exitCode, end.stderr).toBe(exitCode);
    const { changes } = runRecordSchema.parse(end.json());
    expect(new Set(changes.map(({ status }) => status))).toEqual(new Set(['gone', 'reverted']));
    expect((await judge(subject, run, before, ['rolled-back'], end)).problems).toEqual([]);
  });

  const points = chosen([
    ['killed during the takeover', 'after commit lease.taken'],
    ['killed during a rollback', 'before commit change.reverting change 2'],
  ] as const);
  test.for(points)('is still rolled back (%s)', async ([, haltAt]) => {
    const { run, subject, lane, before } = await newRun('app');
    const paused = await lane.wf(subject.start(run, '--pause-after', 'splice'));
    expect(paused.exitCode, paused.stderr).toBe(0);
    const wf = lane.start(['rollback', run, '--json'], { haltAt });
    await halted(wf);
    expect(subject.killPrivateHost?.(run)).toBe(true);
    wf.kill('SIGCONT');
    const end = await wf.end;
    expect(end.exitCode, end.stderr).toBe(0);
    expect((await judge(subject, run, before, ['rolled-back'], end)).problems).toEqual([]);
  });

  test('is resumed by exactly one of four concurrent processes', async () => {
    const { run, subject, lane, before } = await newRun('app');
    expect((await lane.wf(subject.start(run), { at: 'before commit change.intended change 1' })).signal).toBe(
      'SIGKILL',
    );
    subject.killPrivateHost?.(run);
    const ends = await Promise.all(Array.from({ length: 4 }, () => lane.wf(['resume', run, '--json'])));
    // A resume after the end of the run exits with 2.
    for (const end of ends) expect([0, 2, 4], end.stdout + end.stderr).toContain(end.exitCode);
    expect(ends.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
    expect((await judge(subject, run, before, ['succeeded'])).problems).toEqual([]);
  });
});
