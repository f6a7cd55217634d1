import path from 'node:path';
import { expect, test } from 'vitest';
import { refusalSchema } from '../../support/command/run-record.ts';
import { describeCrash, newRun } from '../../support/crash/crash-tests.ts';
import { privateProcessesIn } from '../../support/crash/processes.ts';
import { readRun } from '../../support/crash/run-on-disk.ts';
import type { Subject } from '../../support/crash/subject.ts';
import { judge } from '../../support/crash/witnesses/oracle.ts';
import { chosen } from '../../support/rotation.ts';

const HOSTS = chosen(['app', 'app-as-user'] as const);

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
  test.for(HOSTS)('ends if wf is killed before the run is in the database (%s)', async (name) => {
    const { run, subject, lane, before } = await newRun(name);
    expect((await lane.wf(subject.start(run), { at: 'before commit create' })).signal).toBe('SIGKILL');
    await subject.settle?.(run);
    expect(await subject.state()).toEqual(before);
    expect((await lane.wf(['resume', run])).exitCode).toBe(2);
  });

  test.for(HOSTS)(
    'is recreated if wf is killed before it is kept, then outlives wf, is found by a resume, and ends with the run (%s)',
    async (name) => {
      const { run, subject, lane, before } = await newRun(name);
      expect((await lane.wf(subject.start(run), { at: 'after commit create' })).signal).toBe('SIGKILL');
      // At once: the first private host may still be ending.
      const at = 'after commit step.succeeded createNetwork';
      expect((await lane.wf(['resume', run], { at })).signal).toBe('SIGKILL');
      const createdAt = readRun(lane.database, run)?.run.createdAt;
      const hosts = privateHosts(subject);
      expect(hosts.map(({ mark }) => mark)).toEqual([`${run}@${createdAt}`]);
      expect((await lane.wf(['resume', run, '--pause-after', 'setup'])).exitCode).toBe(0);
      expect(privateHosts(subject)).toEqual(hosts);
      expect((await lane.wf(['resume', run])).exitCode).toBe(0);
      expect((await judge(subject, run, before, ['succeeded'])).problems).toEqual([]);
    },
  );

  test.for(HOSTS)(
    'is not affected by a run with the same id and names, and is ended by a rollback (%s)',
    async (name) => {
      const { run, subject, lane, before } = await newRun(name);
      await paused(subject, run);
      const [host] = privateHosts(subject);
      const enter = ['nsenter', `--net=/proc/${host?.pid}/ns/net`] as const;
      const readNetwork = () =>
        lane.tool(...enter, 'sh', '-c', 'ip -json link; ip -json address; ip -json route; ip -json rule');
      const network = await readNetwork();
      expect(network).toContain('int_hote');
      const other = path.join(lane.folder, 'other.db');
      await paused(subject, run, other);
      const marks = privateHosts(subject).map(({ mark }) => mark);
      expect(new Set(marks).size).toBe(2);
      const resumed = await lane.wf(['resume', run, '--json'], { database: other });
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      expect(await readNetwork()).toBe(network);
      expect(privateHosts(subject)).toEqual([host]);
      expect(host?.mark).toBe(`${run}@${readRun(lane.database, run)?.run.createdAt}`);
      expect((await lane.wf(['rollback', run])).exitCode).toBe(0);
      expect((await judge(subject, run, before, ['rolled-back'])).problems).toEqual([]);
    },
  );

  test.for(HOSTS)('is found by wf sweep with another database, and removed with --yes (%s)', async (name) => {
    const { run, subject, lane, before } = await newRun(name);
    await paused(subject, run);
    const [host] = privateHosts(subject);
    const object = { kind: 'private-host', name: host?.mark, id: String(host?.pid), run };
    expect((await lane.wf(['sweep', '--json'])).json()).toEqual([]);
    const database = path.join(lane.folder, 'other.db');
    expect((await lane.wf(['sweep', '--json'], { database })).json()).toMatchObject([{ ...object, status: 'found' }]);
    expect(privateHosts(subject)).toEqual([host]);
    const swept = await lane.wf(['sweep', '--yes', '--json'], { database });
    expect(swept.json()).toMatchObject([{ ...object, status: 'removed' }]);
    expect(await subject.state()).toEqual(before);
    expect((await lane.wf(['rollback', run])).exitCode).toBe(0);
    expect((await judge(subject, run, before, ['rolled-back'])).problems).toEqual([]);
  });

  test('is not swept while its run is under way', async () => {
    const { run, subject, lane, before } = await newRun('app');
    const wf = lane.start(subject.start(run, '--input', 'hold=1'));
    await wf.line(/^splice {2}createPair .* ok /);
    wf.kill('SIGSTOP');
    const database = path.join(lane.folder, 'other.db');
    const swept = await lane.wf(['sweep', '--yes', '--json'], { database });
    expect(swept.json()).toMatchObject([{ kind: 'private-host', run, status: 'in-use' }]);
    const again = await lane.wf(subject.start(run, '--json'), { database });
    expect(refusalSchema.parse(again.json()).error.code).toBe('E_RUN_EXISTS');
    wf.kill('SIGCONT');
    expect((await wf.end).exitCode).toBe(0);
    expect((await judge(subject, run, before, ['succeeded'])).problems).toEqual([]);
  });
});
