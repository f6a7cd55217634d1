import { test } from 'vitest';
import { describeCrash, EVERY_POINT, expectSurvived } from '../support/crash/crash-tests.ts';
import { failing, forward, isOnTheWayBack } from '../support/crash/journeys.ts';

/** Both ways as both users; where not all points are tried, each user has one. */
const WAYS = [
  ['embedded', 'resume'],
  ['embedded-as-user', 'rollback'],
  ...(EVERY_POINT
    ? ([
        ['embedded', 'rollback'],
        ['embedded-as-user', 'resume'],
      ] as const)
    : []),
] as const;

describeCrash('a lab on the embedded runtime that is killed', () => {
  test.for(WAYS)('anywhere from its start to its end (%s) comes to its end by a %s', async ([subject, verb]) => {
    await expectSurvived({ subject, journey: forward, verb, prefix: `${verb}-` });
  });

  test.for(WAYS)(
    'while it undoes by itself what it did (%s) comes to the same end by a %s',
    async ([subject, verb]) => {
      await expectSurvived({ subject, journey: failing, verb, prefix: `back-${verb}-`, only: isOnTheWayBack });
    },
  );
});
