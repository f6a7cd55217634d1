import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { RunningWf } from '../../support/command/wf-process.ts';
import { describeCrash } from '../../support/crash/crash-tests.ts';
import { endHalfway } from '../../support/crash/faults/half-ended.ts';
import { halted } from '../../support/crash/faults/halt.ts';
import { openPrivateApp } from '../../support/crash/faults/private-subject.ts';
import { privateProcessesIn } from '../../support/crash/processes.ts';
import { judge } from '../../support/crash/witnesses/oracle.ts';
import { chosen } from '../../support/rotation.ts';

/** A resume that does not wait fails within this time: ten times its usual duration. */
const MEETS_WITHIN_MS = 2_000;

/** Some private hosts end at once. */
const TRIES = 10;

/** A run that was killed before it made anything, so it needs nothing from its private host. */
async function openKilled() {
  const subject = await openPrivateApp('root');
  onTestFinished(() => subject.close());
  const { lane } = subject;
  const before = await subject.state();
  const killed = await lane.wf(subject.start('halved'), { at: 'before commit change.intended change 1' });
  expect(killed.signal, killed.stderr).toBe('SIGKILL');
  return {
    subject,
    lane,
    before,
    firsts: () => privateProcessesIn(lane.folder).flatMap(({ pid, isFirst }) => (isFirst ? [pid] : [])),
    resume: (haltAt?: string) => lane.start(['resume', 'halved', '--json'], haltAt === undefined ? {} : { haltAt }),
  };
}

/** Also stops a resume at a crash point, while the private host is ending. */
async function openHalfEnded(at: string) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { subject, before, firsts, resume } = await openKilled();
    const wf = resume(at);
    await halted(wf);
    const [first = 0] = firsts();
    const end = await endHalfway(first);
    if (end !== undefined) {
      onTestFinished(end.release);
      return { subject, before, wf, end };
    }
    wf.kill('SIGKILL');
  }
  throw new Error(`the private host has ended at once, ${TRIES} times`);
}

/** Continues wf, and gives it time to fail. */
async function goOn(wf: RunningWf): Promise<void> {
  wf.kill('SIGCONT');
  await Promise.race([wf.end, pause(MEETS_WITHIN_MS)]);
}

describeCrash('the private host of a run', () => {
  const moments = chosen([
    ['has been opened', 'after open'],
    ['is taken over', 'after commit lease.taken'],
  ] as const);
  test.for(moments)('is awaited and replaced if it is already ending when it %s', async ([, at]) => {
    const { subject, before, wf, end } = await openHalfEnded(at);
    await goOn(wf);
    await end.release();
    const { exitCode, stderr } = await wf.end;
    expect(exitCode, stderr).toBe(0);
    expect((await judge(subject, 'halved', before, ['succeeded'])).problems).toEqual([]);
  });

  test('is not shared with a rival: the process that takes the lease advances the run on its own private host', async () => {
    const { subject, before, resume } = await openKilled();
    expect(subject.killPrivateHost?.('halved')).toBe(true);
    const rival = resume('after open');
    await halted(rival);
    const late = await resume().end;
    expect(late.exitCode, late.stdout).toBe(0);
    rival.kill('SIGCONT');
    const { exitCode, stdout } = await rival.end;
    expect([2, 4], stdout).toContain(exitCode);
    expect((await judge(subject, 'halved', before, ['succeeded'])).problems).toEqual([]);
  });
});
