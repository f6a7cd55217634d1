import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openHistory } from '../../src/history/open.ts';
import { ownProcess } from '../../src/host/processes/process.ts';
import { refusalSchema } from '../support/command/run-record.ts';
import { describeCrash } from '../support/crash/crash-tests.ts';
import { haltAt } from '../support/crash/faults/halt.ts';
import { processesOf } from '../support/crash/processes.ts';
import { readRun, runIdOf } from '../support/crash/run-on-disk.ts';
import { openSubject } from '../support/crash/subject.ts';
import { judge } from '../support/crash/witnesses/oracle.ts';
import { chosen } from '../support/rotation.ts';

// wf never displaces a living process: this test takes the run over as if the stopped owner were dead.
describeCrash('a stopped owner that continues after its run was taken over', () => {
  const moments = chosen([
    ['stopped between its changes', /^splice {2}createPair .* ok /],
    ['stopped before its teardown', /^splice {2}addWay .* ok /],
  ] as const);
  test.for(moments)('ends and changes neither the journal nor the host (%s)', async ([, line]) => {
    const subject = await openSubject('small');
    onTestFinished(() => subject.close());
    const { lane } = subject;
    const before = await subject.state();
    const gate = path.join(lane.folder, 'gate');
    const wf = lane.start(subject.start('woken', '--input', `waitFor=${gate}`, '--json'));
    onTestFinished(() => wf.kill('SIGKILL'));
    await haltAt(lane, wf, line);
    // The commands that it started continue. All are short, except the wait for the gate.
    await untilStill(() => processesOf('woken').filter(({ command }) => !command.includes('until')).length === 0);

    const history = openHistory(lane.database);
    onTestFinished(() => history.close());
    const lease = history.takeOver(runIdOf('woken'), ownProcess(), () => false);
    const entries = readRun(lane.database, 'woken')?.journal;
    const expected = await subject.state();
    lane.write('gate', '');
    wf.kill('SIGCONT');
    const end = await wf.end;
    expect(end).toMatchObject({ exitCode: 4, signal: undefined });
    expect(refusalSchema.parse(end.json()).error.code).toBe('E_LEASE_LOST');
    expect(readRun(lane.database, 'woken')?.journal).toEqual(entries);
    expect(await subject.state()).toEqual(expected);
    expect(processesOf('woken')).toEqual([]);

    history.release(lease);
    expect(await lane.wf(['rollback', 'woken'])).toMatchObject({ exitCode: 0 });
    expect((await judge(subject, 'woken', before, ['rolled-back'])).problems).toEqual([]);
  });
});

async function untilStill(isStill: () => boolean): Promise<void> {
  while (!isStill()) await new Promise((resolve) => setTimeout(resolve, 10));
}
