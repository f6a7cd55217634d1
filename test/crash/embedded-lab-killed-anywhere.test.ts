import { test } from 'vitest';
import { describeCrash, EVERY_POINT, expectChainSurvived, expectSurvived, SEED } from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';

/** Both users, where all points are tried; otherwise one after the other. */
const USERS = (['embedded', 'embedded-as-user'] as const).filter((_, user) => EVERY_POINT || SEED % 2 === user);

describeCrash('a lab on the embedded runtime that is killed', () => {
  test.for(USERS)('again and again from its start to its end (%s) is resumed each time, and succeeds', (subject) =>
    expectChainSurvived({ subject, journey: forward, verb: 'resume', prefix: 'chain-' }),
  );

  test.for(USERS)('once, anywhere from its start to its end (%s), is rolled back', (subject) =>
    expectSurvived({ subject, journey: forward, verb: 'rollback', prefix: 'rollback-' }),
  );

  test.for(USERS)('again and again while it undoes by itself what it did (%s) is resumed each time', (subject) =>
    expectChainSurvived({ subject, journey: failing, verb: 'resume', prefix: 'back-', only: isOnTheWayBack }),
  );

  if (!EVERY_POINT) return;
  test.for(USERS)('once, anywhere (%s), is resumed', async (subject) => {
    await expectSurvived({ subject, journey: forward, verb: 'resume', prefix: 'resume-' });
    await expectSurvived({ subject, journey: failing, verb: 'resume', prefix: 'undo-', only: isOnTheWayBack });
  });
});
