import { test } from 'vitest';
import { describeCrash, NIGHTLY_SURVIVALS, SURVIVALS } from '../support/crash/crash-tests.ts';
import { EVERY_CASE, inTurn } from '../support/rotation.ts';

const survivals = EVERY_CASE ? [...SURVIVALS, ...NIGHTLY_SURVIVALS] : inTurn(SURVIVALS, 2);

describeCrash('a killed run without Docker', () => {
  test.for(survivals)('%s', ([, expectIt]) => expectIt('small'));
});
