import { test } from 'vitest';
import { describeCrash, expectSurvived } from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';

describeCrash('a run without Docker that is killed', () => {
  test.for(['resume', 'rollback'] as const)(
    'anywhere from its start to its end comes to its end by a %s',
    async (verb) => {
      await expectSurvived({ subject: 'small', journey: forward, verb, prefix: `forward-${verb}-` });
    },
  );

  test.for(['resume', 'rollback'] as const)(
    'while it undoes by itself what it did comes to its end by a %s',
    async (verb) => {
      await expectSurvived({ subject: 'small', journey: failing, verb, prefix: `back-${verb}-`, only: isOnTheWayBack });
    },
  );
});
