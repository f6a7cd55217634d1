import { test } from 'vitest';
import { describeCrash, expectChainSurvived, expectSurvived } from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';
import { chosen, EVERY_CASE } from '../support/rotation.ts';

describeCrash('a killed run without Docker', () => {
  test('succeeds if it is killed repeatedly and resumed each time', () =>
    expectChainSurvived({ subject: 'small', journey: forward, verb: 'resume', prefix: 'chain-' }));

  test('is rolled back from any crash point', () =>
    expectSurvived({ subject: 'small', journey: forward, verb: 'rollback', prefix: 'rollback-' }));

  test.for(chosen(['resume', 'rollback'] as const))(
    'completes its own rollback if it is killed repeatedly, by a %s each time',
    (verb) =>
      expectChainSurvived({ subject: 'small', journey: failing, verb, prefix: `back-${verb}-`, only: isOnTheWayBack }),
  );

  if (!EVERY_CASE) return;
  test('is resumed from any crash point', () =>
    expectSurvived({ subject: 'small', journey: forward, verb: 'resume', prefix: 'resume-' }));
});
