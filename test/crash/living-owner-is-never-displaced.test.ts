import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { refusalSchema } from '../support/command/run-record.ts';
import { describeCrash } from '../support/crash/crash-tests.ts';
import { haltAt } from '../support/crash/faults/halt.ts';
import { readRun } from '../support/crash/run-on-disk.ts';
import { openSubject, type Subject } from '../support/crash/subject.ts';
import { judge } from '../support/crash/witnesses/oracle.ts';
import { chosen } from '../support/rotation.ts';

describeCrash('a run whose process is stopped', () => {
  const moments = chosen([
    ['while a step is under way', /^splice {2}createPair .* ok /],
    ['while it waits for a command', /^splice {2}addWay .* ok /],
  ] as const);
  test.for(moments)('is neither resumed nor rolled back %s, and continues after SIGCONT', async ([, line]) => {
    const subject = await openSubject('small');
    onTestFinished(() => subject.close());
    const { lane } = subject;
    const before = await subject.state();
    const gate = path.join(lane.folder, 'gate');
    const run = lane.start(subject.start('still', '--input', `waitFor=${gate}`, '--json'));
    onTestFinished(() => run.kill('SIGKILL'));
    await haltAt(lane, run, line);
    const entries = readRun(lane.database, 'still')?.journal.length;
    const stable = await stableState(subject);

    for (const verb of ['resume', 'rollback']) {
      const refused = await lane.wf([verb, 'still', '--json']);
      expect(refused).toMatchObject({ exitCode: 4, signal: undefined });
      const { error } = refusalSchema.parse(refused.json());
      expect(error.code).toBe('E_LEASE_HELD');
      expect(error.message).toContain(String(run.pid));
    }
    const all = await lane.wf(['resume', '--all', '--json']);
    expect(all.signal).toBeUndefined();
    expect(await subject.state()).toEqual(stable);
    expect(readRun(lane.database, 'still')?.journal).toHaveLength(entries ?? -1);

    lane.write('gate', '');
    run.kill('SIGCONT');
    expect(await run.end).toMatchObject({ exitCode: 0, signal: undefined });
    expect((await judge(subject, 'still', before, ['succeeded'])).problems).toEqual([]);
  });
});

/** Waits until the state is stable: the kernel changes a link for some time after it comes up. */
async function stableState({ state }: Subject): Promise<unknown> {
  for (let seen = await state(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const again = await state();
    if (isDeepStrictEqual(seen, again)) return again;
    seen = again;
  }
}
