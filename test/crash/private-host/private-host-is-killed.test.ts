import { expect, onTestFinished, test } from 'vitest';
import { runRecordSchema } from '../../support/command/run-record.ts';
import { describeCrash } from '../../support/crash/crash-tests.ts';
import { halted } from '../../support/crash/faults/halt.ts';
import { openPrivateApp } from '../../support/crash/faults/private-subject.ts';
import { judge } from '../../support/crash/witnesses/oracle.ts';
import { chosen, inTurn } from '../../support/rotation.ts';

describeCrash('a run whose private host is killed', () => {
  const moments = [
    ['during its first steps', /^setup {2}createNetwork .* ok /],
    ['while a command runs in it', /^splice {2}createPair .* ok /],
    ['while everything is taken away', 'after commit step.succeeded removePair'],
  ] as const;
  test.for(inTurn(moments, 2))('fails and is rolled back (killed %s)', async ([, moment]) => {
    const subject = await openPrivateApp('root');
    onTestFinished(() => subject.close());
    const before = await subject.state();
    const orders = typeof moment === 'string' ? { haltAt: moment } : {};
    const wf = subject.lane.start(subject.start('lost', '--input', 'hold=1', '--json'), orders);
    await (typeof moment === 'string' ? halted(wf) : wf.line(moment));
    expect(subject.killPrivateHost?.('lost')).toBe(true);
    wf.kill('SIGCONT');
    const end = await wf.end;
    expect(end.exitCode, end.stderr).toBe(1);
    const { error, changes } = runRecordSchema.parse(end.json());
    expect(error).toMatchObject({ code: 'E_NAMESPACE_GONE', message: expect.stringContaining('private host') });
    expect(changes.map(({ status }) => status)).not.toContain('stuck');
    expect((await judge(subject, 'lost', before, ['rolled-back'], end)).problems).toEqual([]);
  });

  const verbs = chosen([
    ['resume', 1],
    ['rollback', 0],
  ] as const);
  test.for(verbs)('is undone by a %s while it is paused, with exit code %i', async ([verb, exitCode]) => {
    const subject = await openPrivateApp('ordinary user');
    onTestFinished(() => subject.close());
    const before = await subject.state();
    const paused = await subject.lane.wf(subject.start('lost', '--pause-after', 'probe'));
    expect(paused.exitCode, paused.stderr).toBe(0);
    expect(subject.killPrivateHost?.('lost')).toBe(true);
    const end = await subject.lane.wf([verb, 'lost', '--json']);
    expect(end.exitCode, end.stderr).toBe(exitCode);
    const { changes } = runRecordSchema.parse(end.json());
    expect(new Set(changes.map(({ status }) => status))).toEqual(new Set(['gone', 'reverted']));
    expect((await judge(subject, 'lost', before, ['rolled-back'], end)).problems).toEqual([]);
  });

  const points = chosen([
    ['killed during the takeover', 'after commit lease.taken'],
    ['killed during a rollback', 'before commit change.reverting change 2'],
  ] as const);
  test.for(points)('is still rolled back (%s)', async ([, haltAt]) => {
    const subject = await openPrivateApp('root');
    onTestFinished(() => subject.close());
    const before = await subject.state();
    const paused = await subject.lane.wf(subject.start('lost', '--pause-after', 'splice'));
    expect(paused.exitCode, paused.stderr).toBe(0);
    const wf = subject.lane.start(['rollback', 'lost', '--json'], { haltAt });
    await halted(wf);
    expect(subject.killPrivateHost?.('lost')).toBe(true);
    wf.kill('SIGCONT');
    const end = await wf.end;
    expect(end.exitCode, end.stderr).toBe(0);
    expect((await judge(subject, 'lost', before, ['rolled-back'], end)).problems).toEqual([]);
  });

  test('is resumed by exactly one of four concurrent processes', async () => {
    const subject = await openPrivateApp('root');
    onTestFinished(() => subject.close());
    const before = await subject.state();
    const { lane } = subject;
    expect((await lane.wf(subject.start('lost'), { at: 'before commit change.intended change 1' })).signal).toBe(
      'SIGKILL',
    );
    subject.killPrivateHost?.('lost');
    const ends = await Promise.all(Array.from({ length: 4 }, () => lane.wf(['resume', 'lost', '--json'])));
    // A resume after the end of the run exits with 2.
    for (const end of ends) expect([0, 2, 4], end.stdout + end.stderr).toContain(end.exitCode);
    expect(ends.filter(({ exitCode }) => exitCode === 0)).toHaveLength(1);
    expect((await judge(subject, 'lost', before, ['succeeded'])).problems).toEqual([]);
  });
});
