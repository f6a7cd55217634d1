import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { refusalSchema } from '../../support/command/run-record.ts';
import { describeCrash } from '../../support/crash/crash-tests.ts';
import { openPrivateApp, type PrivateUser } from '../../support/crash/faults/private-subject.ts';
import { privateProcessesIn } from '../../support/crash/processes.ts';
import { readRun } from '../../support/crash/run-on-disk.ts';
import type { Subject } from '../../support/crash/subject.ts';
import { judge } from '../../support/crash/witnesses/oracle.ts';
import { chosen } from '../../support/rotation.ts';

const USERS = chosen(['root', 'ordinary user'] as const);

/** A subject, its lane, and the state of the machine in it. */
async function open(user: PrivateUser) {
  const subject = await openPrivateApp(user);
  onTestFinished(() => subject.close());
  return { subject, lane: subject.lane, before: await subject.state() };
}

/** The first processes of all private hosts in the lane, with their marks. */
function privateHosts({ lane }: Subject) {
  return privateProcessesIn(lane.folder).filter(({ isFirst }) => isFirst);
}

async function paused(subject: Subject, run: string, database?: string) {
  const orders = database === undefined ? {} : { database };
  const end = await subject.lane.wf(subject.start(run, '--pause-after', 'splice'), orders);
  expect(end.exitCode, end.stderr).toBe(0);
}

describeCrash('the private host of a run', () => {
  test.for(USERS)('ends if wf is killed before the run is in the database (%s)', async (user) => {
    const { subject, lane, before } = await open(user);
    expect((await lane.wf(subject.start('early'), { at: 'before commit create' })).signal).toBe('SIGKILL');
    await subject.settle?.('early');
    expect(await subject.state()).toEqual(before);
    expect((await lane.wf(['resume', 'early'])).exitCode).toBe(2);
  });

  test.for(USERS)('is recreated if wf is killed before the host is kept (%s)', async (user) => {
    const { subject, lane, before } = await open(user);
    expect((await lane.wf(subject.start('late'), { at: 'after commit create' })).signal).toBe('SIGKILL');
    // At once: the first private host may still be ending.
    expect((await lane.wf(['resume', 'late'])).exitCode).toBe(0);
    expect((await judge(subject, 'late', before, ['succeeded'])).problems).toEqual([]);
  });

  test.for(USERS)('outlives a killed wf, is found by a resume, and ends with the run (%s)', async (user) => {
    const { subject, lane, before } = await open(user);
    const at = 'after commit step.succeeded createNetwork';
    expect((await lane.wf(subject.start('kept'), { at })).signal).toBe('SIGKILL');
    const createdAt = readRun(lane.database, 'kept')?.run.createdAt;
    const standing = privateHosts(subject);
    expect(standing.map(({ mark }) => mark)).toEqual([`kept@${createdAt}`]);
    expect((await lane.wf(['resume', 'kept', '--pause-after', 'setup'])).exitCode).toBe(0);
    expect(privateHosts(subject)).toEqual(standing);
    expect((await lane.wf(['resume', 'kept'])).exitCode).toBe(0);
    expect((await judge(subject, 'kept', before, ['succeeded'])).problems).toEqual([]);
  });

  test.for(USERS)(
    'is not affected by a run with the same id and names, and is ended by a rollback (%s)',
    async (user) => {
      const { subject, lane, before } = await open(user);
      await paused(subject, 'twin');
      const [host] = privateHosts(subject);
      const enter = ['nsenter', `--net=/proc/${host?.pid}/ns/net`] as const;
      const look = () =>
        lane.tool(...enter, 'sh', '-c', 'ip -json link; ip -json address; ip -json route; ip -json rule');
      const standing = await look();
      expect(standing).toContain('int_hote');
      const other = path.join(lane.folder, 'other.db');
      await paused(subject, 'twin', other);
      const marks = privateHosts(subject).map(({ mark }) => mark);
      expect(new Set(marks).size).toBe(2);
      const resumed = await lane.wf(['resume', 'twin', '--json'], { database: other });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await look()).toBe(standing);
      expect(privateHosts(subject)).toEqual([host]);
      expect(host?.mark).toBe(`twin@${readRun(lane.database, 'twin')?.run.createdAt}`);
      expect((await lane.wf(['rollback', 'twin'])).exitCode).toBe(0);
      expect((await judge(subject, 'twin', before, ['rolled-back'])).problems).toEqual([]);
    },
  );

  test.for(USERS)('is found by wf sweep with another database, and removed with --yes (%s)', async (user) => {
    const { subject, lane, before } = await open(user);
    await paused(subject, 'forgotten');
    const [host] = privateHosts(subject);
    const object = { kind: 'private-host', name: host?.mark, id: String(host?.pid), run: 'forgotten' };
    expect((await lane.wf(['sweep', '--json'])).json()).toEqual([]);
    const database = path.join(lane.folder, 'other.db');
    expect((await lane.wf(['sweep', '--json'], { database })).json()).toMatchObject([{ ...object, status: 'found' }]);
    expect(privateHosts(subject)).toEqual([host]);
    const swept = await lane.wf(['sweep', '--yes', '--json'], { database });
    expect(swept.json()).toMatchObject([{ ...object, status: 'removed' }]);
    expect(await subject.state()).toEqual(before);
    expect((await lane.wf(['rollback', 'forgotten'])).exitCode).toBe(0);
    expect((await judge(subject, 'forgotten', before, ['rolled-back'])).problems).toEqual([]);
  });

  test('is not swept while its run is under way', async () => {
    const { subject, lane, before } = await open('root');
    const wf = lane.start(subject.start('busy', '--input', 'hold=1'));
    await wf.line(/^splice {2}createPair .* ok /);
    wf.kill('SIGSTOP');
    const database = path.join(lane.folder, 'other.db');
    const swept = await lane.wf(['sweep', '--yes', '--json'], { database });
    expect(swept.json()).toMatchObject([{ kind: 'private-host', run: 'busy', status: 'in-use' }]);
    const again = await lane.wf(subject.start('busy', '--json'), { database });
    expect(refusalSchema.parse(again.json()).error.code).toBe('E_RUN_EXISTS');
    wf.kill('SIGCONT');
    expect((await wf.end).exitCode).toBe(0);
    expect((await judge(subject, 'busy', before, ['succeeded'])).problems).toEqual([]);
  });
});
