import { test } from 'vitest';
import { describeCrash, expectChainSurvived, expectSurvived } from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';

describeCrash('a run without Docker that is killed', () => {
  test('again and again from its start to its end is resumed each time, and succeeds', () =>
    expectChainSurvived({ subject: 'small', journey: forward, verb: 'resume', prefix: 'chain-' }));

  test.for(['resume', 'rollback'] as const)(
    'once, anywhere from its start to its end, comes to its end by a %s',
    (verb) => expectSurvived({ subject: 'small', journey: forward, verb, prefix: `${verb}-` }),
  );

  test.for(['resume', 'rollback'] as const)(
    'again and again while it undoes by itself what it did comes to its end by a %s each time',
    (verb) =>
      expectChainSurvived({ subject: 'small', journey: failing, verb, prefix: `back-${verb}-`, only: isOnTheWayBack }),
  );
});
