import { test } from 'vitest';
import { describeCrash, EMBEDDED, NIGHTLY_SURVIVALS, SURVIVALS } from '../support/crash/crash-tests.ts';
import type { SubjectName } from '../support/crash/subject.ts';
import { EVERY_CASE, inTurn } from '../support/rotation.ts';

const survivals = EVERY_CASE ? [...SURVIVALS, ...NIGHTLY_SURVIVALS] : SURVIVALS;
/** On Docker, and on the embedded runtime. Only the nightly tests kill lab-overlay at every point; `torture.test.ts` kills it at random. */
const labs: readonly (readonly SubjectName[])[] = [['lab'], EVERY_CASE ? [...EMBEDDED, 'overlay-as-user'] : EMBEDDED];
const cases = labs.flatMap((subjects) => survivals.map((survival) => [subjects, survival] as const));

describeCrash('a killed lab', () => {
  for (const [subjects, [promise, expectIt]] of inTurn(cases, cases.length)) {
    test.for(subjects)(`${promise} (%s)`, expectIt);
  }
});
