import { describe, expect } from 'vitest';
import { distinctPoints, fewerPoints } from './crash-log.ts';
import { crashMatrix, failures } from './crash-matrix.ts';
import { forward, type Journey } from './journeys.ts';
import { type KilledRun, pointsOf, type Verb } from './kill-at-point.ts';
import { openSubject, type SubjectName } from './subject.ts';

/**
 * `npm run crash-matrix` tries every state that a kill can leave, by a resume and by a rollback. Otherwise a run of the tests tries a
 * share of them, each by one of the two; the seed says which share, and the next seed takes the next one.
 */
export const EVERY_POINT = process.env['WF_CRASH_MATRIX'] === 'all';

/** Of the commits that concern no change, this one in so many is tried where not all are. */
const EVERY = 6;

/** Of the states that matter, a run of the tests tries one in so many by a resume, and one by a rollback. */
const TURNS: Readonly<Record<SubjectName, number>> = { small: 2, lab: 4, embedded: 6, 'embedded-as-user': 6 };

/** Without WF_CRASH_SEED it changes each minute: each share comes up as often as any other. */
const SEED = Number(process.env['WF_CRASH_SEED'] ?? Math.floor(Date.now() / 60_000));

/**
 * A group of tests that kills real processes on a host of their own: needs root, and Docker where the lab is killed. Left out
 * without `WF_TEST_DOCKER=1` (see with-engine.mjs).
 */
export function describeCrash(name: string, tests: () => void): void {
  describe.skipIf(process.env['WF_TEST_DOCKER'] !== '1')(name, tests);
}

interface MatrixOf {
  readonly subject: SubjectName;
  readonly journey: Journey;
  readonly verb: Verb;
  readonly prefix: string;
  /** All of them, where it is not said. */
  only?(point: string): boolean;
}

/** Kills the journey at each of its points, recovers it each time, and expects nothing to be wrong. Answers what was done. */
export async function expectSurvived(matrix: MatrixOf): Promise<readonly KilledRun[]> {
  const { journey, verb, prefix, only = () => true } = matrix;
  const open = () => openSubject(matrix.subject);
  const distinct = distinctPoints(await allPoints(matrix)).filter(only);
  const isSmallAndForward = matrix.subject === 'small' && journey === forward;
  const some = isSmallAndForward ? distinct : fewerPoints(distinct, EVERY);
  const points = EVERY_POINT ? distinct : inTurn(some, verb, TURNS[matrix.subject]);
  expect(points.length).toBeGreaterThan(0);
  const startedAt = performance.now();
  const killed = await crashMatrix({ journey, verb, prefix, points, open });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const slowest = Math.round(Math.max(...killed.map(({ recoveryMs }) => recoveryMs)));
  process.stdout.write(
    `${matrix.subject}: ${journey.name}, WF_CRASH_SEED=${SEED}, killed at ${killed.length} of ${distinct.length} points, then ${verb}: ` +
      `${failures(killed).length} failed; ${seconds} s, the slowest recovery ${slowest} ms\n`,
  );
  expect(failures(killed).map(({ run, point, problems }) => ({ run, point, problems }))).toEqual([]);
  return killed;
}

/** Each of them is recovered in one of the two ways, in turn; of more than two turns, the others are left out. */
function inTurn(points: readonly string[], verb: Verb, turns: number): readonly string[] {
  const turn = (SEED + (verb === 'resume' ? 0 : turns / 2)) % turns;
  return points.filter((_point, index) => index % turns === turn);
}

async function allPoints({ subject: name, journey, prefix }: MatrixOf): Promise<readonly string[]> {
  const subject = await openSubject(name);
  try {
    return await pointsOf(subject, journey, `${prefix}points`);
  } finally {
    await subject.close();
  }
}
