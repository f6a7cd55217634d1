import { expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../support/command/run-record.ts';
import type { WfEnd } from '../../support/command/wf-process.ts';
import { describeCrash, newRun } from '../../support/crash/crash-tests.ts';
import type { CrashOrders } from '../../support/crash/lane.ts';
import { privateProcessesIn } from '../../support/crash/processes.ts';
import { judge } from '../../support/crash/witnesses/oracle.ts';
import { chosen, inTurn } from '../../support/rotation.ts';

/** A run that was paused, or killed at a crash point, and whose private host was then killed too. */
async function openLost(options: readonly string[], orders: CrashOrders = {}) {
  const { run, subject, lane, before } = await newRun('app');
  const left = await lane.wf(subject.start(run, ...options), orders);
  expect(left.signal ?? left.exitCode, left.stderr).toBe(orders.at === undefined ? 0 : 'SIGKILL');
  expect(subject.killPrivateHost?.(run)).toBe(true);
  return { run, subject, lane, before };
}

/** Returns the record of a run that failed because its private host is gone, and expects no failed step. */
function expectGone(end: WfEnd): RunRecord {
  expect(end.exitCode, end.stderr).toBe(1);
  const record = runRecordSchema.parse(end.json());
  expect(record.error).toMatchObject({
    code: 'E_NAMESPACE_GONE',
    message: expect.stringContaining(`run ${record.id} is gone`),
  });
  expect(record.steps.map(({ status }) => status)).not.toContain('failed');
  return record;
}

describeCrash('a run whose private host is gone', () => {
  test.for(chosen(['setup', 'probe'] as const))(
    'fails at once if it is resumed after %s, also if a resume was killed, and tries no step that cannot succeed',
    async (stage) => {
      const { run, subject, lane, before } = await openLost(['--pause-after', stage]);
      const plan = (await lane.wf(['resume', run, '--dry-run', '--json'])).json();
      expect(plan).toMatchObject({ direction: 'back' });
      const killed = await lane.wf(['resume', run], { at: 'before commit rolling-back' });
      expect(killed.signal, killed.stderr).toBe('SIGKILL');
      const end = await lane.wf(['resume', run, '--json']);
      expect(expectGone(end).steps.map(({ status }) => status)).toContain('stopped');
      expect((await judge(subject, run, before, ['rolled-back'], end)).problems).toEqual([]);
    },
  );

  test('fails at once if it is resumed during the removal of its probe', async () => {
    const { run, subject, lane, before } = await openLost([], { at: 'before commit step.succeeded removeProbe' });
    const end = await lane.wf(['resume', run, '--json']);
    expectGone(end);
    expect((await judge(subject, run, before, ['rolled-back'], end)).problems).toEqual([]);
  });

  test('fails without a rollback if it was started with --on-failure keep, and leaves no private host', async () => {
    const { run, subject, lane, before } = await openLost(['--pause-after', 'setup', '--on-failure', 'keep']);
    const { status, changes } = expectGone(await lane.wf(['resume', run, '--json']));
    expect(status).toBe('failed');
    expect(changes.map((change) => change.status)).toContain('applied');
    await subject.settle?.(run);
    expect(privateProcessesIn(lane.folder)).toEqual([]);
    expect((await lane.wf(['rollback', run])).exitCode).toBe(0);
    expect((await judge(subject, run, before, ['rolled-back'])).problems).toEqual([]);
  });

  const needsNothing = [
    ['before its first change', [], { at: 'after commit change.intended change 1' }],
    ['before teardown', ['--pause-after', 'splice'], {}],
    ['during teardown', [], { at: 'before commit step.succeeded removePair' }],
  ] as const;
  test.for(inTurn(needsNothing, 3))('succeeds if it is resumed %s', async ([, options, orders]) => {
    const { run, subject, lane, before } = await openLost(options, orders);
    const end = await lane.wf(['resume', run, '--json']);
    expect(end.exitCode, end.stderr).toBe(0);
    expect((await judge(subject, run, before, ['succeeded'], end)).problems).toEqual([]);
  });
});
