import { describe, expect } from 'vitest';
import { chosen, dealt, EVERY_CASE, SEED } from '../rotation.ts';
import { distinctPoints, fewerPoints } from './crash-log.ts';
import { crashMatrix, failures } from './crash-matrix.ts';
import type { Journey } from './journeys.ts';
import { pointsOf, type Verb } from './kill-at-point.ts';
import { type ChainEnd, killInTurn } from './kill-in-turn.ts';
import { openSubject, type Subject, type SubjectName } from './subject.ts';

/** If not all points are tried, one in this many commits that concern no change is. */
const EVERY = 6;

/** About the number of runs that a test kills once and recovers. */
const SINGLES: Readonly<Record<SubjectName, number>> = {
  ...{ small: 4, lab: 2 },
  ...{ embedded: 2, 'embedded-as-user': 2, overlay: 2, 'overlay-as-user': 2 },
  'overlay-docker': 1,
};

/** The number of chains that share the points of a journey, so that a chain seldom kills a step twice. A test tries one chain. */
const CHAINS: Readonly<Record<SubjectName, number>> = {
  ...{ small: 12, lab: 15 },
  ...{ embedded: 15, 'embedded-as-user': 15, overlay: 30, 'overlay-as-user': 30 },
  'overlay-docker': 60,
};

/** The embedded lab as root and as an ordinary user, or one of them. */
export const EMBEDDED = chosen(['embedded', 'embedded-as-user'] as const);
/** The same of lab-overlay. */
export const OVERLAY = chosen(['overlay', 'overlay-as-user'] as const);

/**
 * A group of tests that kills real processes on a separate host: needs root, and Docker if the lab is killed. Skipped without
 * `WF_TEST_DOCKER=1` (see with-engine.mjs).
 */
export function describeCrash(name: string, tests: () => void): void {
  describe.skipIf(process.env['WF_TEST_DOCKER'] !== '1')(name, tests);
}

interface MatrixOf {
  readonly subject: SubjectName;
  readonly journey: Journey;
  readonly verb: Verb;
  /** Distinguishes the ids of its runs from others of the subject. */
  readonly prefix: string;
  /** All of them by default. */
  only?(point: string): boolean;
}

/** Kills the journey at each of its points, recovers it each time, and expects no problem. */
export async function expectSurvived(matrix: MatrixOf): Promise<void> {
  const { journey, verb, only = () => true } = matrix;
  const prefix = idPrefix(matrix);
  const { subject, points: all } = await openRecorded(matrix);
  const opened = [subject];
  const open = async () => opened.pop() ?? openSubject(matrix.subject);
  const distinct = distinctPoints(all).filter(only);
  const some = fewerPoints(distinct, EVERY);
  const points = EVERY_CASE ? distinct : dealt(some, Math.ceil(some.length / SINGLES[matrix.subject]));
  const startedAt = performance.now();
  const killed = await crashMatrix({ journey, verb, prefix, points, open });
  expect(killed.length).toBeGreaterThan(0);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  const slowest = Math.round(Math.max(...killed.map(({ recoveryMs }) => recoveryMs)));
  process.stdout.write(
    `${matrix.subject}: ${journey.name}, WF_TEST_SEED=${SEED}, killed at ${killed.length} of ${distinct.length} points, then ${verb}: ` +
      `${failures(killed).length} failed; ${seconds} s, the slowest recovery ${slowest} ms\n`,
  );
  expect(failures(killed).map(({ run, point, problems }) => ({ run, point, problems }))).toEqual([]);
}

/**
 * Kills one run at one point after the other, up to the end, and expects no problem. If there is one, separate runs are killed once
 * at each of these points, to find the faulty one. Points that the run did not reach are tried in the same way.
 */
export async function expectChainSurvived(matrix: MatrixOf): Promise<void> {
  const { journey, verb, only = () => true } = matrix;
  const prefix = idPrefix(matrix);
  const chains = CHAINS[matrix.subject];
  const { subject, points: all } = await openRecorded(matrix);
  const distinct = distinctPoints(all).filter(only);
  const points = dealt(distinct, chains);
  const startedAt = performance.now();
  let end: ChainEnd;
  try {
    expect(points.length).toBeGreaterThan(0);
    end = await killInTurn({ subject, journey, run: `${prefix}chain`, points, verb, before: await subject.state() });
  } finally {
    await subject.close();
  }
  const { killedAt, missed, problems, slowestMs } = end;
  const singly = problems.length > 0 ? points : missed;
  const open = () => openSubject(matrix.subject);
  const alone = failures(await crashMatrix({ journey, verb, prefix: `${prefix}single`, points: singly, open }));
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(
    `${matrix.subject}: ${journey.name}, WF_TEST_SEED=${SEED}, one run killed at ${killedAt.length} of ${distinct.length} points, then ` +
      `${verb} each time; ${missed.length} missed; ${seconds} s, the slowest recovery ${Math.round(slowestMs)} ms\n`,
  );
  expect({
    problems,
    killedAt: problems.length > 0 ? killedAt : [],
    alone: alone.map(({ run, point, problems }) => ({ run, point, problems })),
  }).toEqual({ problems: [], killedAt: [], alone: [] });
}

/** A run id is locked on the whole machine, and two files of these tests run at a time. */
function idPrefix({ subject, prefix }: MatrixOf): string {
  return `${subject}-${prefix}`;
}

/** The crash points of undisturbed runs, by subject and journey. Test files share a process, and so these. */
const recorded = new Map<string, readonly string[]>();

/** Opens a subject, and records the crash points of an undisturbed run there unless they are known. */
async function openRecorded(
  matrix: MatrixOf,
): Promise<{ readonly subject: Subject; readonly points: readonly string[] }> {
  const name = `${matrix.subject} ${matrix.journey.name}`;
  const subject = await openSubject(matrix.subject);
  try {
    const points = recorded.get(name) ?? (await pointsOf(subject, matrix.journey, `${idPrefix(matrix)}points`));
    recorded.set(name, points);
    return { subject, points };
  } catch (thrown) {
    await subject.close();
    throw thrown;
  }
}
