import { test } from 'vitest';
import { describeCrash, EVERY_POINT, expectChainSurvived, expectSurvived } from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';

describeCrash('a lab that is killed', () => {
  test('again and again from its start to its end is resumed each time, and ends as if nothing had been', () =>
    expectChainSurvived({ subject: 'lab', journey: forward, verb: 'resume', prefix: 'chain-' }));

  test('once, anywhere from its start to its end, is rolled back, and the host is as before', () =>
    expectSurvived({ subject: 'lab', journey: forward, verb: 'rollback', prefix: 'b' }));

  test.for(['resume', 'rollback'] as const)(
    'again and again while it undoes by itself what it did comes to the same end by a %s each time',
    (verb) => expectChainSurvived({ subject: 'lab', journey: failing, verb, prefix: `${verb}-`, only: isOnTheWayBack }),
  );

  if (!EVERY_POINT) return;
  test('once, anywhere, is resumed', async () => {
    await expectSurvived({ subject: 'lab', journey: forward, verb: 'resume', prefix: 'r' });
    await expectSurvived({ subject: 'lab', journey: failing, verb: 'resume', prefix: 'u', only: isOnTheWayBack });
  });
});
