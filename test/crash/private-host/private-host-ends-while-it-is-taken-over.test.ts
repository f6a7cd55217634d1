import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { RunningWf } from '../../support/command/wf-process.ts';
import { describeCrash, newRun } from '../../support/crash/crash-tests.ts';
import { endHalfway } from '../../support/crash/faults/half-ended.ts';
import { halted } from '../../support/crash/faults/halt.ts';
import { privateProcessesIn } from '../../support/crash/processes.ts';
import { judge } from '../../support/crash/witnesses/oracle.ts';
import { chosen } from '../../support/rotation.ts';

/** A resume that does not wait fails within this time: ten times its usual duration. */
const MEETS_WITHIN_MS = 2_000;

/** Some private hosts end at once. */
const TRIES = 10;

/** A run that was killed before it made anything, so it needs nothing from its private host. */
async function openKilled() {
  const { run, subject, lane, before } = await newRun('app');
  const killed = await lane.wf(subject.start(run), { at: 'before commit change.intended change 1' });
  expect(killed.signal, killed.stderr).toBe('SIGKILL');
  return {
    run,
    subject,
    before,
    firsts: () => privateProcessesIn(lane.folder).flatMap(({ pid, isFirst }) => (isFirst ? [pid] : [])),
    resume: (haltAt?: string) => lane.start(['resume', run, '--json'], haltAt === undefined ? {} : { haltAt }),
  };
}

/** Also stops a resume at a crash point, while the private host is ending. */
async function openHalfEnded(at: string) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { run, subject, before, firsts, resume } = await openKilled();
    const wf = resume(at);
    await halted(wf);
    const [first = 0] = firsts();
    const end = await endHalfway(first);
    if (end !== undefined) {
      onTestFinished(end.release);
      return { run, subject, before, wf, end };
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
    const { run, subject, before, wf, end } = await openHalfEnded(at);
    await goOn(wf);
    await end.release();
    const { exitCode, stderr } = await wf.end;
    expect(exitCode, stderr).toBe(0);
    expect((await judge(subject, run, before, ['succeeded'])).problems).toEqual([]);
  });

  test('is not shared with a rival: the process that takes the lease advances the run on its own private host', async () => {
    const { run, subject, before, resume } = await openKilled();
    expect(subject.killPrivateHost?.(run)).toBe(true);
    const rival = resume('after open');
    await halted(rival);
    const late = await resume().end;
    expect(late.exitCode, late.stdout).toBe(0);
    rival.kill('SIGCONT');
    const { exitCode, stdout } = await rival.end;
    expect([2, 4], stdout).toContain(exitCode);
    expect((await judge(subject, run, before, ['succeeded'])).problems).toEqual([]);
  });
});
