import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { refusalSchema } from '../support/command/run-record.ts';
import { describeCrash } from '../support/crash/crash-tests.ts';
import { openSubject } from '../support/crash/subject.ts';
import { judge } from '../support/crash/witnesses/oracle.ts';
import { CROWD } from '../support/rotation.ts';

describeCrash('an interrupted run', () => {
  test('is resumed by exactly one of many concurrent processes', async () => {
    const subject = await openSubject('small');
    onTestFinished(() => subject.close());
    const { lane } = subject;
    const before = await subject.state();
    const gate = path.join(lane.folder, 'gate');
    const killed = await lane.wf(subject.start('race', '--input', `waitFor=${gate}`), {
      at: 'after commit step.succeeded addWay',
    });
    expect(killed.signal).toBe('SIGKILL');

    const racers = Array.from({ length: CROWD }, () => lane.start(['resume', 'race', '--json']));
    // The winner waits for the file, so all others find it alive.
    const refused: number[] = [];
    let allRefused = () => {};
    const others = new Promise<void>((resolve) => (allRefused = resolve));
    const ends = racers.map(async (racer, index) => {
      const end = await racer.end;
      refused.push(index);
      if (refused.length === CROWD - 1) allRefused();
      return end;
    });
    await others;
    lane.write('gate', '');
    const all = await Promise.all(ends);

    const codes = all.map(({ exitCode }) => exitCode);
    expect(codes.filter((code) => code === 0)).toHaveLength(1);
    expect(codes.filter((code) => code === 4)).toHaveLength(CROWD - 1);
    for (const end of all.filter(({ exitCode }) => exitCode === 4)) {
      const { error } = refusalSchema.parse(end.json());
      expect(error.code).toBe('E_LEASE_HELD');
      expect(error.message).toMatch(/\d+/); // the owner
    }
    expect((await judge(subject, 'race', before, ['succeeded'])).problems).toEqual([]);
  });
});
