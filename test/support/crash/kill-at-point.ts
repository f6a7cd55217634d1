import { rmSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { pointsIn } from '../../../src/testing/session.ts';
import { type RunRecord, refusalSchema } from '../command/run-record.ts';
import type { WfEnd } from '../command/wf-process.ts';
import type { Journey } from './journeys.ts';
import { readRun } from './run-on-disk.ts';
import type { Subject } from './subject.ts';
import { judge } from './witnesses/oracle.ts';

export type Verb = 'resume' | 'rollback';

/** The result of a run that was killed at one point and recovered. */
export interface KilledRun {
  readonly run: string;
  readonly point: string;
  readonly verb: Verb;
  /** Whether the process reached the point, at which it is killed. */
  readonly reached: boolean;
  readonly problems: readonly string[];
  /** The points that it reached instead. */
  readonly passed: readonly string[];
  readonly recoveryMs: number;
  /** The points that the recovery reached, at which it could be killed itself. */
  readonly recoveryPoints: readonly string[];
}

/** All crash points of an undisturbed journey, in order. Throws if that run ends incorrectly. */
export async function pointsOf(subject: Subject, journey: Journey, run: string): Promise<readonly string[]> {
  const log = logOf(subject, run);
  const before = await subject.state();
  await journey.prepare(subject, run);
  const { exitCode, stdout, stderr } = await subject.lane.wf(journey.command(subject, run), { log });
  const { problems } = await judge(subject, run, before, [journey.end]);
  if (problems.length > 0) {
    throw new Error(`run ${run}, which nobody killed (${exitCode}): ${problems.join('; ')}\n${stdout}${stderr}`);
  }
  return pointsIn(log);
}

export interface KillOrder {
  readonly subject: Subject;
  readonly journey: Journey;
  readonly run: string;
  readonly point: string;
  readonly verb: Verb;
  /** The state of the host before the run. */
  readonly before: unknown;
}

/** Kills a journey at a point, recovers the run to its end, and judges it. */
export async function killAndRecover(order: KillOrder): Promise<KilledRun> {
  const { subject, journey, run, point, verb, before } = order;
  const { lane } = subject;
  await journey.prepare(subject, run);
  const way = logOf(subject, `${run}-way`);
  const end = await lane.wf(journey.command(subject, run), { at: point, log: way });
  if (end.signal !== 'SIGKILL') {
    const { problems } = await judge(subject, run, before, [journey.end]);
    const missed = [`it did not reach this point, and ended with ${end.exitCode}`, ...problems];
    const passed = pointsIn(way);
    return { run, point, verb, reached: false, problems: missed, passed, recoveryMs: 0, recoveryPoints: [] };
  }
  const found = readRun(lane.database, run)?.run.status;
  const touched = (await subject.meanwhile?.()) ?? [];
  const log = logOf(subject, run);
  const startedAt = performance.now();
  const recovery = await lane.wf([verb, run, '--json'], { log });
  const recoveryMs = performance.now() - startedAt;
  const recoveryPoints = pointsIn(log);
  const expected = expectedEnd(journey, found, verb);
  const problems = [
    ...touched,
    ...recoveryProblems(recovery, expected, verb),
    ...(await hostProblems(order, recovery, expected)),
  ];
  return { run, point, verb, reached: true, problems, passed: [], recoveryMs, recoveryPoints };
}

type Expected = { readonly status: RunRecord['status']; readonly ended: boolean } | 'none';

/** `found` is the status that the killed process left in the database. */
function expectedEnd(journey: Journey, found: RunRecord['status'] | undefined, verb: Verb): Expected {
  if (found === undefined) return 'none';
  if (found === journey.end) return { status: found, ended: true };
  const back = verb === 'rollback' || found === 'rolling-back';
  return { status: back ? 'rolled-back' : journey.endResumed, ended: false };
}

function recoveryProblems({ exitCode, stdout, stderr }: WfEnd, expected: Expected, verb: Verb): readonly string[] {
  const wrong = (wanted: string) => [`wf ${verb} ended with ${exitCode}, expected ${wanted}:\n${stdout}${stderr}`];
  if (expected === 'none' || (expected.ended && verb === 'resume')) {
    const code = expected === 'none' ? 'E_RUN_NOT_FOUND' : 'E_RUN_ENDED';
    const refusal = exitCode === 2 ? refusalSchema.parse(JSON.parse(stdout)).error.code : undefined;
    return refusal === code ? [] : wrong(`2 and ${code}`);
  }
  if (exitCode === 0) return [];
  // A resume that completes a rollback exits with 1.
  return verb === 'resume' && expected.status === 'rolled-back' && exitCode === 1 ? [] : wrong('0');
}

async function hostProblems(
  { subject, run, verb, before }: KillOrder,
  recovery: WfEnd,
  expected: Expected,
): Promise<readonly string[]> {
  if (expected === 'none') {
    await subject.settle?.(run);
    const same = isDeepStrictEqual(await subject.state(), before);
    return same ? [] : ['a run that was never begun touched the host'];
  }
  const printed = expected.ended && verb === 'resume' ? undefined : recovery;
  return (await judge(subject, run, before, [expected.status], printed)).problems;
}

/** Returns the file for the points that a process of the run reaches, which does not exist yet. */
export function logOf({ lane }: Subject, run: string): string {
  const log = path.join(lane.folder, `${run}.points`);
  rmSync(log, { force: true });
  return log;
}
