import { test } from 'vitest';
import {
  describeCrash,
  EMBEDDED,
  EVERY_POINT,
  expectChainSurvived,
  expectSurvived,
} from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';

describeCrash('a killed lab on the embedded runtime', () => {
  test.for(EMBEDDED)('succeeds if it is killed repeatedly and resumed each time (%s)', (subject) =>
    expectChainSurvived({ subject, journey: forward, verb: 'resume', prefix: 'chain-' }),
  );

  test.for(EMBEDDED)('is rolled back from any crash point (%s)', (subject) =>
    expectSurvived({ subject, journey: forward, verb: 'rollback', prefix: 'rollback-' }),
  );

  test.for(EMBEDDED)('completes its own rollback if it is killed repeatedly and resumed each time (%s)', (subject) =>
    expectChainSurvived({ subject, journey: failing, verb: 'resume', prefix: 'back-', only: isOnTheWayBack }),
  );

  if (!EVERY_POINT) return;
  test.for(EMBEDDED)('is resumed from any crash point (%s)', async (subject) => {
    await expectSurvived({ subject, journey: forward, verb: 'resume', prefix: 'resume-' });
    await expectSurvived({ subject, journey: failing, verb: 'resume', prefix: 'undo-', only: isOnTheWayBack });
  });
});
