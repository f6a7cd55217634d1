import { isDeepStrictEqual } from 'node:util';
import { isEnd } from '../../../../src/engine/ports/history.ts';
import type { RunRecord } from '../../command/run-record.ts';
import type { RunningWf, WfEnd } from '../../command/wf-process.ts';
import { hostTrouble } from '../faults/host-trouble.ts';
import type { Verb } from '../kill-at-point.ts';
import { type RunOnDisk, readRun } from '../run-on-disk.ts';
import type { Subject } from '../subject.ts';
import { differences } from '../witnesses/differences.ts';
import { judge } from '../witnesses/oracle.ts';
import { type Chance, choose } from './random.ts';

/** The result of one run. */
export interface RoundReport {
  /** The actions, in words: `start, killed after 812 ms; resume, killed after 90 ms; rollback`. */
  readonly story: string;
  readonly kills: number;
  /** The duration of the start; null if it was killed. */
  readonly startEndedMs: number | null;
  /** Null if the run was killed before it was in the database. */
  readonly end: RunRecord['status'] | null;
  readonly recoveriesMs: readonly number[];
  /** The times from `wf resume` to its first step. */
  readonly firstStepsMs: readonly number[];
  readonly problems: readonly string[];
}

/** The times of an undisturbed run. */
export interface UsualTimes {
  /** Until the run is in the database. */
  readonly begunMs: number;
  readonly endedMs: number;
}

/** A process that takes longer than this hangs, even on a very slow machine. */
const HANGS_MS = 5 * 60_000;
/** At most this many recoveries are killed before one may complete. */
const KILLED_RECOVERIES_AT_MOST = 4;
const KILL_RECOVERY = 0.6;
/** The share of runs that are killed before they are in the database, when little can go wrong. */
const KILL_EARLY = 0.05;
/** The share of processes that get SIGTERM rather than SIGKILL. */
const ASK = 0.1;
/** The exit code after SIGTERM. */
const STOPPED = 143;
/** The share of recoveries that have a rival; one of the two is refused. */
const RIVAL = 0.15;
const VERBS = ['resume', 'rollback'] as const;
/** The recoveries of a round only resume, only roll back, or do both. */
const SHARES_OF_RESUME = [1, 1, 0.5, 0];
/** Kills may come later than the usual end, so that some processes are killed at their very end. */
const BEYOND = 1.15;

/** Starts a run, kills it at a random time, kills its recoveries too, and judges its end. */
export async function tortureRound(
  subject: Subject,
  run: string,
  chance: Chance,
  usual: UsualTimes,
): Promise<RoundReport> {
  const { lane } = subject;
  const shareOfResume = choose(chance, SHARES_OF_RESUME);
  const before = await subject.state();
  const story: string[] = [];
  const recoveriesMs: number[] = [];
  const firstStepsMs: number[] = [];
  const problems: string[] = [];
  let kills = 0;
  const trouble = hostTrouble(subject, run, before, chance, {
    story: (text) => story.push(text),
    problem: (text) => problems.push(text),
  });

  /** Waits for the end of wf, or kills it after a delay. */
  async function endOrKill(what: string, wf: RunningWf, killAfterMs: number | null): Promise<WfEnd> {
    const startedAt = Date.now();
    const signal = chance() < ASK ? 'SIGTERM' : 'SIGKILL';
    const timer = killAfterMs === null ? undefined : setTimeout(() => wf.kill(signal), killAfterMs);
    const hanging = setTimeout(() => {
      problems.push(`${what} hangs: it has not ended after ${HANGS_MS} ms`);
      wf.kill('SIGKILL');
    }, HANGS_MS);
    const endTrouble = trouble.whileWfWorks(usual.endedMs);
    const machine = inspectOnce(subject, wf.end, chance() * usual.endedMs);
    const end = await wf.end;
    clearTimeout(timer);
    clearTimeout(hanging);
    endTrouble();
    problems.push(...(await machine));
    const how = !wasKilled(end) ? 'over' : end.signal === 'SIGKILL' ? 'killed' : 'stopped as asked';
    if (how === 'killed') kills += 1;
    story.push(`${what}, ${how} after ${Date.now() - startedAt} ms`);
    return end;
  }

  async function recover(verb: Verb, found: RunOnDisk, kill: boolean): Promise<void> {
    const startedAt = Date.now();
    const rival = chance() < RIVAL ? choose(chance, VERBS) : undefined;
    const killAfterMs = kill ? chance() * usual.endedMs : null;
    const call = (asked: Verb) => lane.start([asked, run, '--json']);
    const [end, rivalEnd] = await Promise.all([
      endOrKill(verb, call(verb), killAfterMs),
      rival === undefined ? undefined : endOrKill(`a rival's ${rival}`, call(rival), null),
    ]);
    const now = readRun(lane.database, run);
    if (rivalEnd !== undefined) {
      problems.push(...raceProblems(end), ...raceProblems(rivalEnd));
      return;
    }
    if (verb === 'resume' && now !== undefined) firstStepsMs.push(...firstStepAfter(now, found, startedAt));
    if (wasKilled(end)) return;
    recoveriesMs.push(Date.now() - startedAt);
    problems.push(...exitProblems(verb, end, now?.run.status, trouble.isLost()));
  }

  const { begunMs, endedMs } = usual;
  const killAfterMs = chance() < KILL_EARLY ? chance() * begunMs : begunMs + chance() * (endedMs * BEYOND - begunMs);
  const startedAt = Date.now();
  const started = await endOrKill('start', lane.start(subject.start(run)), killAfterMs);
  const startEndedMs = started.exitCode === 0 ? Date.now() - startedAt : null;
  if (!wasKilled(started)) {
    problems.push(...exitProblems('start', started, readRun(lane.database, run)?.run.status, trouble.isLost()));
  }
  for (let recoveries = 0; ; recoveries += 1) {
    const found = readRun(lane.database, run);
    if (found === undefined) break;
    if (isEnd(found.run.status)) {
      // The end was committed before the process was killed, or a recovery has completed.
      const verdict = await judge(subject, run, before, endsOf(found, trouble.isLost()));
      problems.push(...verdict.problems);
      break;
    }
    await trouble.beforeRecovery();
    const verb = chance() < shareOfResume ? 'resume' : 'rollback';
    const kill = recoveries < KILLED_RECOVERIES_AT_MOST && chance() < KILL_RECOVERY;
    await recover(verb, found, kill);
    if (problems.length > 0) break;
  }
  const end = readRun(lane.database, run)?.run.status ?? null;
  if (end === null) await subject.settle?.(run);
  if (end === null) {
    const after = await subject.state();
    const isSame = isDeepStrictEqual(after, before);
    if (!isSame) problems.push(`a run that was never begun touched the host:\n${differences(before, after)}`);
  }
  return { story: story.join('; '), kills, startEndedMs, end, recoveriesMs, firstStepsMs, problems };
}

/** Inspects the machine itself once, after a delay or right after the end of a process. */
async function inspectOnce({ meanwhile }: Subject, end: Promise<WfEnd>, afterMs: number): Promise<readonly string[]> {
  if (meanwhile === undefined) return [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, afterMs);
  });
  await Promise.race([late, end]);
  clearTimeout(timer);
  return meanwhile();
}

function wasKilled({ signal, exitCode }: WfEnd): boolean {
  // Before wf handles signals, SIGTERM ends it like any process.
  return signal === 'SIGKILL' || signal === 'SIGTERM' || exitCode === STOPPED;
}

/** The allowed ends of a run: a rollback that has begun decides it. `lost`: its private host has ended. */
function endsOf({ journal }: RunOnDisk, lost: boolean): readonly RunRecord['status'][] {
  if (journal.some(({ event }) => event.type === 'rolling-back')) return ['rolled-back'];
  // If no change was in place when the host was lost, there was nothing to undo.
  return lost ? ['succeeded', 'failed'] : ['succeeded'];
}

function exitProblems(
  verb: Verb | 'start',
  end: WfEnd,
  status: RunRecord['status'] | undefined,
  lost: boolean,
): readonly string[] {
  const mayFail = lost ? verb !== 'rollback' : verb === 'resume' && status === 'rolled-back';
  const wanted = mayFail ? [0, 1] : [0];
  if (end.exitCode !== undefined && wanted.includes(end.exitCode)) return [];
  return [`wf ${verb} ended with ${end.exitCode}, the run is ${status}:\n${end.stdout}${end.stderr}`];
}

/** One of two concurrent recoveries is refused, or comes after the end of the other. */
function raceProblems(end: WfEnd): readonly string[] {
  const { exitCode, stdout, stderr } = end;
  if (wasKilled(end) || [0, 1, 2, 4].includes(exitCode ?? -1)) return [];
  return [`one of two at once ended with ${exitCode}:\n${stdout}${stderr}`];
}

/** The times from `startedAt` to the first attempt that a recovery journaled; empty if it did not begin a step. */
function firstStepAfter(now: RunOnDisk, earlier: RunOnDisk, startedAt: number): readonly number[] {
  const own = now.journal.slice(earlier.journal.length);
  const first = own.find(({ event }) => event.type === 'step.attempted' || startsStep(event));
  return first === undefined ? [] : [first.at - startedAt];
}

function startsStep(event: RunOnDisk['journal'][number]['event']): boolean {
  return event.type === 'decided' && event.effects.some(({ type }) => type === 'start-step');
}
