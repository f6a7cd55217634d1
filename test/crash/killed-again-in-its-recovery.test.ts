import { expect, test } from 'vitest';
import { distinctPoints } from '../support/crash/crash-log.ts';
import {
  describeCrash,
  EMBEDDED,
  FORWARD_LABS,
  KILLS,
  recordedPoints,
  subjectOf,
} from '../support/crash/crash-tests.ts';
import { forward, recovering } from '../support/crash/journeys.ts';
import { killAndRecover } from '../support/crash/kill-at-point.ts';
import { killInTurn } from '../support/crash/kill-in-turn.ts';
import type { SubjectName } from '../support/crash/subject.ts';
import { chanceFrom, choose } from '../support/crash/torture/random.ts';
import { chosen, EVERY_CASE, inTurn, SEED } from '../support/rotation.ts';

/** The lab whose points other tests record. */
const LAB = FORWARD_LABS.flatMap<SubjectName>((name) => (name === 'lab' ? name : EMBEDDED));

/** The runs whose recovery is killed. */
const SUBJECTS: readonly (readonly [SubjectName, kills: number])[] = EVERY_CASE
  ? [
      ['small', 100],
      ['lab', 40],
      ['embedded', 40],
    ]
  : chosen([['small'], LAB] as const)
      .flat()
      .map((name) => [name, 1] as const);

describeCrash('a killed run whose recovery is killed repeatedly', () => {
  test.for(SUBJECTS)('reaches its end (%s, %i first kills)', async ([name, kills]) => {
    expect(await killedAgain(name, kills)).toEqual([]);
  });
});

/** Kills a run at a point, then its recovery at each point that an undisturbed recovery passes. Verbs may alternate. */
async function killedAgain(name: SubjectName, kills: number): Promise<readonly unknown[]> {
  const chance = chanceFrom(SEED);
  const subject = await subjectOf(name);
  const before = await subject.state();
  const points = distinctPoints(await recordedPoints(name, forward));
  // A run that has ended has no recovery to kill.
  const first = points.filter((point) => point !== 'after commit ended' && !point.endsWith(' commit create'));
  for (let kill = 1; kill <= kills; kill += 1) {
    const point = choose(chance, first);
    const verb = choose(chance, ['resume', 'rollback'] as const);
    const then = verb === 'resume' ? choose(chance, ['resume', 'rollback'] as const) : 'rollback';
    const seen = await killAndRecover({ subject, before, journey: forward, run: `seen${kill}`, point, verb });
    if (seen.problems.length > 0) return [seen];
    const recovery = distinctPoints(seen.recoveryPoints);
    const again = await killInTurn({
      subject,
      before,
      journey: recovering(verb, point),
      run: `again${kill}`,
      points: inTurn(recovery, Math.ceil(recovery.length / KILLS)),
      verb: then,
    });
    if (again.problems.length > 0) return [{ ...again, first: { point, verb }, then, seed: SEED }];
  }
  return [];
}
