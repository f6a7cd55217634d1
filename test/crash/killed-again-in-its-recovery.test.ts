import { expect, test } from 'vitest';
import { distinctPoints } from '../support/crash/crash-log.ts';
import { describeCrash, EVERY_POINT } from '../support/crash/crash-tests.ts';
import { forward, recovering } from '../support/crash/journeys.ts';
import { killAndRecover, pointsOf } from '../support/crash/kill-at-point.ts';
import { chanceFrom, choose } from '../support/crash/random.ts';
import { openSubject, type SubjectName } from '../support/crash/subject.ts';

const SEED = 20_260_131;

describeCrash('a run that is killed, and whose recovery is killed', () => {
  test.for([
    ['small', EVERY_POINT ? 400 : 30],
    ['lab', EVERY_POINT ? 150 : 6],
    ['embedded', EVERY_POINT ? 150 : 4],
  ] as const)('%s: comes to its end at each of %i pairs of points', async ([name, pairs]) => {
    const problems = await doubleKills(name, pairs);
    expect(problems).toEqual([]);
  });
});

/** Kills at a point, and the recovery at one of those that it came by when nobody killed it; then recovers to the end. */
async function doubleKills(name: SubjectName, pairs: number): Promise<readonly unknown[]> {
  const chance = chanceFrom(SEED);
  const subject = await openSubject(name);
  try {
    const before = await subject.state();
    const points = distinctPoints(await pointsOf(subject, forward, 'points'));
    // At the end of a run there is no recovery that could be killed.
    const first = points.filter((point) => point !== 'after commit ended' && !point.endsWith(' commit create'));
    for (let pair = 1; pair <= pairs; pair += 1) {
      const point = choose(chance, first);
      const verb = choose(chance, ['resume', 'rollback'] as const);
      const then = choose(chance, ['resume', 'rollback'] as const);
      const seen = await killAndRecover({ subject, before, journey: forward, run: `pair${pair}-seen`, point, verb });
      if (seen.problems.length > 0) return [seen];
      const again = choose(chance, distinctPoints(seen.recoveryPoints));
      const killed = await killAndRecover({
        subject,
        before,
        journey: recovering(verb, point),
        run: `pair${pair}`,
        point: again,
        verb: then,
      });
      if (killed.problems.length > 0) return [{ ...killed, first: { point, verb }, recoveryPoints: [] }];
    }
    return [];
  } finally {
    await subject.close();
  }
}
