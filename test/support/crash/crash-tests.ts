import { describe, expect } from 'vitest';
import { atEndOfFile } from '../host/file-folder.ts';
import { HAS_NFT } from '../host/nft.ts';
import { chosen, dealt, EVERY_CASE, inTurn, SEED } from '../rotation.ts';
import { distinctPoints, fewerPoints } from './crash-log.ts';
import { crashMatrix, failures } from './crash-matrix.ts';
import type { Journey } from './journeys.ts';
import { pointsOf, type Verb } from './kill-at-point.ts';
import { killInTurn } from './kill-in-turn.ts';
import { openSubject, type Subject, type SubjectName } from './subject.ts';

/** If not all points are tried, one in this many commits that concern no change is. */
const EVERY = 6;

/** About the number of runs that a test kills once and recovers. */
const SINGLES: Readonly<Record<SubjectName, number>> = {
  ...{ small: 1, lab: 1 },
  ...{ embedded: 1, 'embedded-as-user': 1, overlay: 1, 'overlay-as-user': 1 },
  'overlay-docker': 1,
};

/** About the number of kills of a chain. */
export const KILLS = 4;

/** The embedded lab as root and as an ordinary user, or one of them. */
export const EMBEDDED = chosen(['embedded', 'embedded-as-user'] as const);
/** The same of lab-overlay. */
export const OVERLAY = HAS_NFT ? chosen(['overlay', 'overlay-as-user'] as const) : [];
/** The runtimes on which a lab is killed on its way, or one of them. */
export const FORWARD_LABS: readonly ('lab' | 'embedded')[] = inTurn(['lab', 'embedded'] as const, 2);
/** The same of a lab that fails: the other one. */
export const FAILING_LABS: readonly ('lab' | 'embedded')[] = inTurn(['embedded', 'lab'] as const, 2);

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
  const subject = await subjectOf(matrix.subject);
  const distinct = distinctPoints(await recordedPoints(matrix.subject, journey)).filter(only);
  const some = fewerPoints(distinct, EVERY);
  const points = EVERY_CASE ? distinct : dealt(some, Math.ceil(some.length / SINGLES[matrix.subject]));
  const startedAt = performance.now();
  const open = () => openSubject(matrix.subject);
  const killed = await crashMatrix({ journey, verb, prefix, points, subject, open });
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
  const subject = await subjectOf(matrix.subject);
  const distinct = distinctPoints(await recordedPoints(matrix.subject, journey)).filter(only);
  // Several chains share the points. Their number is odd, so that each is tried with both choices of the runtime.
  const points = dealt(distinct, Math.ceil(distinct.length / KILLS) | 1);
  expect(points.length).toBeGreaterThan(0);
  const startedAt = performance.now();
  const end = await killInTurn({
    subject,
    journey,
    run: `${prefix}chain`,
    points,
    verb,
    before: await subject.state(),
  });
  const { killedAt, missed, problems, slowestMs } = end;
  const open = () => openSubject(matrix.subject);
  const singly = { journey, verb, prefix: `${prefix}single`, open };
  const killed =
    problems.length > 0
      ? await crashMatrix({ ...singly, points, subject: await anotherSubject(matrix.subject) })
      : await crashMatrix({ ...singly, points: missed, subject });
  const alone = failures(killed);
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

const subjects = new Map<SubjectName, Subject>();
atEndOfFile(async () => {
  for (const name of subjects.keys()) await closeSubject(name);
});

/** Returns the host that the tests of a file share: each of their runs restores it. */
export async function subjectOf(name: SubjectName): Promise<Subject> {
  const subject = subjects.get(name) ?? (await openSubject(name));
  subjects.set(name, subject);
  return subject;
}

/** Replaces the shared host after a run that may not have restored it. */
async function anotherSubject(name: SubjectName): Promise<Subject> {
  await closeSubject(name);
  return subjectOf(name);
}

async function closeSubject(name: SubjectName): Promise<void> {
  const subject = subjects.get(name);
  subjects.delete(name);
  await subject?.close();
}

/** The crash points of undisturbed runs, by subject and journey. Test files share a process, and so these. */
const recorded = new Map<string, readonly string[]>();

/** Returns the crash points of an undisturbed run on the shared host. Two processes may record the same journey at a time. */
export async function recordedPoints(name: SubjectName, journey: Journey): Promise<readonly string[]> {
  const key = `${name} ${journey.name}`;
  const points =
    recorded.get(key) ??
    (await pointsOf(await subjectOf(name), journey, `${name}-points-${process.pid}-${recorded.size}`));
  recorded.set(key, points);
  return points;
}
