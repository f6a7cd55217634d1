import { test } from 'vitest';
import { describeCrash, EVERY_POINT, expectChainSurvived, expectSurvived, SEED } from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';

/** Both users if all points are tried, otherwise one, chosen by the seed. */
const USERS = (['embedded', 'embedded-as-user'] as const).filter((_, user) => EVERY_POINT || SEED % 2 === user);

describeCrash('a killed lab on the embedded runtime', () => {
  test.for(USERS)('succeeds if it is killed repeatedly and resumed each time (%s)', (subject) =>
    expectChainSurvived({ subject, journey: forward, verb: 'resume', prefix: 'chain-' }),
  );

  test.for(USERS)('is rolled back from any crash point (%s)', (subject) =>
    expectSurvived({ subject, journey: forward, verb: 'rollback', prefix: 'rollback-' }),
  );

  test.for(USERS)('completes its own rollback if it is killed repeatedly and resumed each time (%s)', (subject) =>
    expectChainSurvived({ subject, journey: failing, verb: 'resume', prefix: 'back-', only: isOnTheWayBack }),
  );

  if (!EVERY_POINT) return;
  test.for(USERS)('is resumed from any crash point (%s)', async (subject) => {
    await expectSurvived({ subject, journey: forward, verb: 'resume', prefix: 'resume-' });
    await expectSurvived({ subject, journey: failing, verb: 'resume', prefix: 'undo-', only: isOnTheWayBack });
  });
});
