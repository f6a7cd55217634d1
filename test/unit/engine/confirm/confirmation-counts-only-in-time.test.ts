import { expect, test } from 'vitest';
import { afterDeadline, deadlineIn, isBefore, momentNow } from '../../../../src/engine/confirm/boot-deadline.ts';
import { confirmRefusal } from '../../../../src/engine/confirm/confirm-refusal.ts';
import { runId } from '../../../support/in-process/folder-host.ts';
import { simulatedClock } from '../../../support/in-process/simulated-clock.ts';

const BOOT = 'boot-1';
const deadline = { bootId: BOOT, setAtMs: 1_000, dueMs: 5_000, at: 0 };
const run = runId('changed');

test.each([
  ['when it was set', { bootId: BOOT, sinceBootMs: 1_000 }, true],
  ['just before it', { bootId: BOOT, sinceBootMs: 4_999 }, true],
  ['at it', { bootId: BOOT, sinceBootMs: 5_000 }, false],
  ['in another boot', { bootId: 'boot-2', sinceBootMs: 2_000 }, false],
  ['before it was set, so in another boot', { bootId: BOOT, sinceBootMs: 999 }, false],
])('a moment %s is before the deadline: %s', (_when, moment, expected) => {
  expect(isBefore(moment, deadline)).toBe(expected);
});

test('setting the time of day moves no deadline', () => {
  const clock = simulatedClock();
  const set = deadlineIn(60_000, clock, BOOT);
  const wrong = { ...clock, now: () => clock.now() + 86_400_000, sinceBoot: () => clock.sinceBoot() };
  expect(isBefore(momentNow(wrong, BOOT), set)).toBe(true);
});

test('a deadline that passes while the machine is suspended is noticed within a second after that', () => {
  const clock = simulatedClock();
  let suspendedMs = 0;
  const machine = { ...clock, sinceBoot: () => clock.sinceBoot() + suspendedMs };
  let past = 0;
  afterDeadline(deadlineIn(3_600_000, machine, BOOT), machine, BOOT, () => {
    past += 1;
  });
  clock.step();
  expect(past).toBe(0);
  suspendedMs = 7_200_000;
  clock.step();
  expect(past).toBe(1);
  expect(clock.pending).toBe(0);
});

const CONDITIONS = { rule: { newSession: true }, deadline, newestSession: 7 };
const stamp = { bootId: BOOT, sinceBootMs: 2_000, session: 8 };

test.each([
  ['a later session in time', stamp, undefined],
  ['the newest session of before', { ...stamp, session: 7 }, 'login session 7 began before the change'],
  ['no session', { ...stamp, session: null }, 'belongs to no login session'],
  ['a later session after the deadline', { ...stamp, sinceBootMs: 5_000 }, 'its deadline has passed'],
])('a confirmation by a new session: %s', (_what, given, refusal) => {
  const refused = confirmRefusal(run, given, CONDITIONS)?.message;
  if (refusal === undefined) expect(refused).toBeUndefined();
  else expect(refused).toContain(refusal);
});

test('any session confirms a run that asks for no new one', () => {
  expect(
    confirmRefusal(run, { ...stamp, session: null }, { ...CONDITIONS, rule: { newSession: false } }),
  ).toBeUndefined();
});
