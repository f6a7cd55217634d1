import { describe, expect } from 'vitest';
import { atEndOfFile } from '../host/file-folder.ts';
import { chosen, dealt, EVERY_CASE, inTurn, SEED } from '../rotation.ts';
import { distinctPoints, fewerPoints } from './crash-log.ts';
import { crashMatrix, failures } from './crash-matrix.ts';
import { failing, forward, isOnTheWayBack, type Journey, recovering } from './journeys.ts';
import { killAndRecover, pointsOf, type Verb } from './kill-at-point.ts';
import { killInTurn } from './kill-in-turn.ts';
import { openSubject, type Subject, type SubjectName } from './subject.ts';
import { chanceFrom, choose } from './torture/random.ts';

/** If not all points are tried, one in this many commits that concern no change is. */
const EVERY = 6;

/** The number of runs whose recovery the nightly tests kill. */
const RECOVERIES_KILLED: Partial<Readonly<Record<SubjectName, number>>> = { small: 100, lab: 40, embedded: 40 };

/** About the number of kills of a chain. */
const KILLS = 4;

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

/** Kills the journey at each of its points, or at one of them, recovers it each time, and expects no problem. */
async function expectSurvived(matrix: MatrixOf): Promise<void> {
  const { journey, verb, only = () => true } = matrix;
  const prefix = idPrefix(matrix);
  const subject = await subjectOf(matrix.subject);
  const distinct = distinctPoints(await recordedPoints(matrix.subject, journey)).filter(only);
  const some = fewerPoints(distinct, EVERY);
  const points = EVERY_CASE ? distinct : dealt(some, some.length);
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
async function expectChainSurvived(matrix: MatrixOf): Promise<void> {
  const { journey, verb, only = () => true } = matrix;
  const prefix = idPrefix(matrix);
  const subject = await subjectOf(matrix.subject);
  const distinct = distinctPoints(await recordedPoints(matrix.subject, journey)).filter(only);
  // Several chains share the points. Their number is odd, so that each is tried with every choice of the lab.
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

/** The promises of a run that is killed, each with the proof that the runs of a subject keep it. */
export const SURVIVALS: readonly (readonly [promise: string, expectIt: (subject: SubjectName) => Promise<void>])[] = [
  [
    'succeeds if it is killed repeatedly and resumed each time',
    (subject) => expectChainSurvived({ subject, journey: forward, verb: 'resume', prefix: 'chain-' }),
  ],
  [
    'is rolled back from any crash point',
    (subject) => expectSurvived({ subject, journey: forward, verb: 'rollback', prefix: 'rollback-' }),
  ],
  [
    'completes its own rollback if it is killed repeatedly, and resumed or rolled back each time',
    async (subject) => {
      for (const verb of chosen(['resume', 'rollback'] as const)) {
        await expectChainSurvived({ subject, journey: failing, verb, prefix: `${verb}-`, only: isOnTheWayBack });
      }
    },
  ],
  ['reaches its end if its recovery is killed repeatedly', expectRecoverySurvived],
];

/** Further ones, which kill separate runs where the others kill one run repeatedly. */
export const NIGHTLY_SURVIVALS: typeof SURVIVALS = [
  [
    'is resumed from any crash point',
    (subject) => expectSurvived({ subject, journey: forward, verb: 'resume', prefix: 'resume-' }),
  ],
  [
    'completes its own rollback from any crash point',
    (subject) => expectSurvived({ subject, journey: failing, verb: 'resume', prefix: 'undo-', only: isOnTheWayBack }),
  ],
];

/** Kills runs at a point, then the recovery of each at points that an undisturbed recovery passes. Verbs may alternate. */
async function expectRecoverySurvived(name: SubjectName): Promise<void> {
  const kills = EVERY_CASE ? (RECOVERIES_KILLED[name] ?? 10) : 1;
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
    const run = `${name}-again${kill}`;
    const seen = await killAndRecover({ subject, before, journey: forward, run: `${run}-seen`, point, verb });
    expect(seen.problems, `killed ${point}, then ${verb}`).toEqual([]);
    const recovery = distinctPoints(seen.recoveryPoints);
    const again = await killInTurn({
      subject,
      before,
      journey: recovering(verb, point),
      run,
      points: inTurn(recovery, Math.ceil(recovery.length / KILLS)),
      verb: then,
    });
    expect(again.problems, `killed ${point}, then ${verb} killed ${again.killedAt.join()}, then ${then}`).toEqual([]);
  }
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
async function subjectOf(name: SubjectName): Promise<Subject> {
  const subject = subjects.get(name) ?? (await openSubject(name));
  subjects.set(name, subject);
  return subject;
}

let runs = 0;

/** Returns the id of a new run, the shared host, and its state, which the run must restore. */
export async function newRun(name: SubjectName) {
  const subject = await subjectOf(name);
  runs += 1;
  return { run: `${name}-${process.pid}-${runs}`, subject, lane: subject.lane, before: await subject.state() };
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
async function recordedPoints(name: SubjectName, journey: Journey): Promise<readonly string[]> {
  const key = `${name} ${journey.name}`;
  const points =
    recorded.get(key) ??
    (await pointsOf(await subjectOf(name), journey, `${name}-points-${process.pid}-${recorded.size}`));
  recorded.set(key, points);
  return points;
}
