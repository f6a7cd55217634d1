import { test } from 'vitest';
import { describeCrash, expectSurvived } from '../support/crash/crash-tests.ts';
import { forward } from '../support/crash/journeys.ts';

describeCrash('a lab that is killed', () => {
  test('anywhere from its start to its end is resumed, and ends as if nothing had been', async () => {
    await expectSurvived({ subject: 'lab', journey: forward, verb: 'resume', prefix: 'r' });
  });
});
