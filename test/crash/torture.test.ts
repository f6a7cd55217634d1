import { expect, test } from 'vitest';
import { describeCrash } from '../support/crash/crash-tests.ts';
import { torture } from '../support/crash/torture.ts';
import { tortureFigures } from '../support/crash/torture-figures.ts';

// `npm run torture -- --rounds N` does the same for as long as one likes.
describeCrash('runs that are killed at random times, resumed or rolled back at random, and killed again', () => {
  test.for([
    ['small', 10],
    ['lab', 10],
    ['embedded', 8],
    ['embedded-as-user', 4],
  ] as const)('%s: %i of them end as they should', async ([workflow, rounds]) => {
    const startedAt = performance.now();
    const report = await torture({ workflow, rounds, minutes: null, seed: 31, lanes: 1, firstRound: 1 });
    process.stdout.write(`${workflow}:${tortureFigures(report, performance.now() - startedAt)}`);
    expect(report.failures).toEqual([]);
    expect(report.rounds).toHaveLength(rounds);
  });
});
