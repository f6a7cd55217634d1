import { test } from 'vitest';
import {
  describeCrash,
  EMBEDDED,
  expectChainSurvived,
  expectSurvived,
  FAILING_LABS,
  FORWARD_LABS,
} from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';
import { EVERY_CASE } from '../support/rotation.ts';

/** Only the nightly tests kill lab-overlay at every point; `torture.test.ts` kills it at random. */
const SUBJECTS = EVERY_CASE ? ([...EMBEDDED, 'overlay-as-user'] as const) : EMBEDDED;

describeCrash('a killed lab on the embedded runtime', () => {
  const forwardOnes = FORWARD_LABS.includes('embedded') ? SUBJECTS : [];
  test.for(forwardOnes)('succeeds if it is killed repeatedly and resumed each time (%s)', (subject) =>
    expectChainSurvived({ subject, journey: forward, verb: 'resume', prefix: 'chain-' }),
  );

  test.for(forwardOnes)('is rolled back from any crash point (%s)', (subject) =>
    expectSurvived({ subject, journey: forward, verb: 'rollback', prefix: 'rollback-' }),
  );

  const failingOnes = FAILING_LABS.includes('embedded') ? SUBJECTS : [];
  test.for(failingOnes)('completes its own rollback if it is killed repeatedly and resumed each time (%s)', (subject) =>
    expectChainSurvived({ subject, journey: failing, verb: 'resume', prefix: 'back-', only: isOnTheWayBack }),
  );

  if (!EVERY_CASE) return;
  test.for(SUBJECTS)('is resumed from any crash point (%s)', async (subject) => {
    await expectSurvived({ subject, journey: forward, verb: 'resume', prefix: 'resume-' });
    await expectSurvived({ subject, journey: failing, verb: 'resume', prefix: 'undo-', only: isOnTheWayBack });
  });
});
