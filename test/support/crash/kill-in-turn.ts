import { readFileSync } from 'node:fs';
import type { WfEnd } from '../command/wf-process.ts';
import type { Journey } from './journeys.ts';
import { logOf, type Verb } from './kill-at-point.ts';
import { readRun } from './run-on-disk.ts';
import type { Subject } from './subject.ts';
import { judge } from './witnesses/oracle.ts';

/** One run that is killed repeatedly. */
export interface Chain {
  readonly subject: Subject;
  readonly journey: Journey;
  readonly run: string;
  /** The points at which it is killed, once at each, in the order in which it reaches them. */
  readonly points: readonly string[];
  /** The command that follows each kill. */
  readonly verb: Verb;
  /** The state of the host, which the run must restore. */
  readonly before: unknown;
}

export interface ChainEnd {
  /** The points at which it was killed, in order. */
  readonly killedAt: readonly string[];
  /** The points that it did not reach. */
  readonly missed: readonly string[];
  readonly problems: readonly string[];
  readonly slowestMs: number;
}

/** Kills one run at each of the points that it reaches, recovers it after each kill, and judges its end. */
export async function killInTurn({ subject, journey, run, points, verb, before }: Chain): Promise<ChainEnd> {
  const { lane } = subject;
  const left = new Set(points);
  const killedAt: string[] = [];
  const touched: string[] = [];
  let slowestMs = 0;
  await journey.prepare(subject, run);
  for (;;) {
    const log = logOf(subject, run);
    const found = statusOnDisk(subject, run);
    const isEnded = found === journey.end || found === 'rolled-back';
    const isFirst = found === undefined || killedAt.length === 0;
    const command = isFirst ? journey.command(subject, run) : [verb, run, '--json'];
    const startedAt = performance.now();
    const end = isEnded ? undefined : await lane.wf(command, { at: [...left].join('\n'), log });
    if (end?.signal !== 'SIGKILL') {
      const ends = verb === 'rollback' && killedAt.length > 0 ? (['rolled-back', journey.end] as const) : [journey.end];
      const { problems } = await judge(subject, run, before, ends, end);
      const wrong = end === undefined ? [] : exitProblems(command, end, journey, verb);
      return { killedAt, missed: [...left], problems: [...touched, ...wrong, ...problems], slowestMs };
    }
    if (killedAt.length > 0) slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    const at = lastPoint(log);
    left.delete(at);
    killedAt.push(at);
    for (const touch of (await subject.meanwhile?.()) ?? []) touched.push(`killed ${at}: ${touch}`);
  }
}

function statusOnDisk({ lane }: Subject, run: string) {
  return readRun(lane.database, run)?.run.status;
}

/** The exit code is 1 for a run that failed and was undone, and 0 for a rollback. */
function exitProblems(
  command: readonly string[],
  { exitCode, stdout, stderr }: WfEnd,
  { end }: Journey,
  verb: Verb,
): readonly string[] {
  const expected = end === 'rolled-back' && (verb === 'resume' || command[0] === 'start') ? 1 : 0;
  if (exitCode === expected) return [];
  return [`wf ${command[0]} ended with ${exitCode}, expected ${expected}:\n${stdout}${stderr}`];
}

function lastPoint(log: string): string {
  const [point = ''] = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-1);
  return point;
}
