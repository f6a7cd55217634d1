import { test } from 'vitest';
import { describeCrash, expectSurvived } from '../support/crash/crash-tests.ts';
import { failing, isOnTheWayBack } from '../support/crash/journeys.ts';

describeCrash('a lab that fails, and is killed while it undoes by itself what it did', () => {
  test.for(['resume', 'rollback'] as const)('comes to the same end by a %s', async (verb) => {
    await expectSurvived({ subject: 'lab', journey: failing, verb, prefix: verb, only: isOnTheWayBack });
  });
});
