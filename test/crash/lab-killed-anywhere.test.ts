import { test } from 'vitest';
import {
  describeCrash,
  expectChainSurvived,
  expectSurvived,
  FAILING_LABS,
  FORWARD_LABS,
} from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';
import { chosen, EVERY_CASE } from '../support/rotation.ts';

describeCrash('a killed lab', () => {
  const goesForward = FORWARD_LABS.includes('lab');
  test.runIf(goesForward)('succeeds if it is killed repeatedly and resumed each time', () =>
    expectChainSurvived({ subject: 'lab', journey: forward, verb: 'resume', prefix: 'chain-' }),
  );

  test.runIf(goesForward)('is rolled back from any crash point, and the host is restored', () =>
    expectSurvived({ subject: 'lab', journey: forward, verb: 'rollback', prefix: 'b' }),
  );

  test.for(FAILING_LABS.includes('lab') ? chosen(['resume', 'rollback'] as const) : [])(
    'completes its own rollback if it is killed repeatedly, by a %s each time',
    (verb) => expectChainSurvived({ subject: 'lab', journey: failing, verb, prefix: `${verb}-`, only: isOnTheWayBack }),
  );

  if (!EVERY_CASE) return;
  test('is resumed from any crash point', async () => {
    await expectSurvived({ subject: 'lab', journey: forward, verb: 'resume', prefix: 'r' });
    await expectSurvived({ subject: 'lab', journey: failing, verb: 'resume', prefix: 'u', only: isOnTheWayBack });
  });
});
