import { expect, test } from 'vitest';
import { describeCrash, SEED } from '../support/crash/crash-tests.ts';
import { torture } from '../support/crash/torture.ts';
import { tortureFigures } from '../support/crash/torture-figures.ts';

// `npm run torture -- --rounds N` does the same for as long as one likes.
describeCrash('runs that are killed at random times, resumed or rolled back at random, and killed again', () => {
  test.for([
    ['small', 3],
    ['lab', 2],
    ['embedded', 2],
    ['embedded-as-user', 1],
  ] as const)('%s: %i of them end as they should', async ([workflow, rounds]) => {
    const startedAt = performance.now();
    const report = await torture({ workflow, rounds, minutes: null, seed: SEED, lanes: 1, firstRound: 1 });
    process.stdout.write(`${workflow}, WF_CRASH_SEED=${SEED}:${tortureFigures(report, performance.now() - startedAt)}`);
    expect(report.failures).toEqual([]);
    expect(report.rounds).toHaveLength(rounds);
  });
});
