import { isDeepStrictEqual } from 'node:util';
import { isEnd } from '../../../src/engine/ports/history.ts';
import type { RunRecord } from '../run-record.ts';
import type { RunningWf, WfEnd } from '../wf-process.ts';
import { differences } from './differences.ts';
import { hostTrouble } from './host-trouble.ts';
import type { Verb } from './kill-at-point.ts';
import { judge } from './oracle.ts';
import { type Chance, choose } from './random.ts';
import { type RunOnDisk, readRun } from './run-on-disk.ts';
import type { Subject } from './subject.ts';

/** What became of one run. */
export interface RoundReport {
  /** What was done, in words: `start, killed after 812 ms; resume, killed after 90 ms; rollback`. */
  readonly story: string;
  readonly kills: number;
  /** How long the start took; null where it was killed. */
  readonly startEndedMs: number | null;
  /** Null where the run was killed before the database knew it. */
  readonly end: RunRecord['status'] | null;
  readonly recoveriesMs: readonly number[];
  /** From `wf resume` to the first step that it began. */
  readonly firstStepsMs: readonly number[];
  readonly problems: readonly string[];
}

/** How long a run takes that nobody kills. */
export interface UsualTimes {
  /** Until the database knows it. */
  readonly begunMs: number;
  readonly endedMs: number;
}

/** The longest that anything takes on a machine that is all but stuck: what takes longer hangs. */
const HANGS_MS = 5 * 60_000;
/** At most this many recoveries are killed before one is let come to its end. */
const KILLED_RECOVERIES_AT_MOST = 4;
const KILL_RECOVERY = 0.6;
/** So many runs are killed before the database knows them, where there is little that could go wrong. */
const KILL_EARLY = 0.05;
/** So many are asked to stop (SIGTERM) rather than killed. */
const ASK = 0.1;
/** What a process ends with that was asked to stop. */
const STOPPED = 143;
/** So many recoveries have a rival: of the two, one is refused. */
const RIVAL = 0.15;
const VERBS = ['resume', 'rollback'] as const;
/** In some rounds the recoveries only resume, in some they only roll back, in some they do both. */
const SHARES_OF_RESUME = [1, 1, 0.5, 0];
/** A process that is killed later than most end: so that some are killed at their very end. */
const BEYOND = 1.15;

/** Starts a run, kills it at a random time, kills its recoveries too, and judges what it has come to. */
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

  /** Waits for its end, or kills it after a while. */
  async function endOrKill(what: string, wf: RunningWf, killAfterMs: number | null): Promise<WfEnd> {
    const startedAt = Date.now();
    const signal = chance() < ASK ? 'SIGTERM' : 'SIGKILL';
    const timer = killAfterMs === null ? undefined : setTimeout(() => wf.kill(signal), killAfterMs);
    const hanging = setTimeout(() => {
      problems.push(`${what} hangs: it has not ended after ${HANGS_MS} ms`);
      wf.kill('SIGKILL');
    }, HANGS_MS);
    const endTrouble = trouble.whileWfWorks(usual.endedMs);
    const machine = lookOnce(subject, wf.end, chance() * usual.endedMs);
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
      // Its end was committed, and the process killed before it could say so; or a recovery has come to its end.
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

/** Looks at the machine itself once, after a while, or right after the end of a process. */
async function lookOnce({ meanwhile }: Subject, end: Promise<WfEnd>, afterMs: number): Promise<readonly string[]> {
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
  // Before wf listens to signals, SIGTERM ends it as it ends any process.
  return signal === 'SIGKILL' || signal === 'SIGTERM' || exitCode === STOPPED;
}

/** Whoever began to roll it back decided how it ends; else it comes to its own end. `lost`: its private host ended before. */
function endsOf({ journal }: RunOnDisk, lost: boolean): readonly RunRecord['status'][] {
  if (journal.some(({ event }) => event.type === 'rolling-back')) return ['rolled-back'];
  // Where nothing stood when its host was lost, there was nothing to undo.
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

/** Of two at once either is refused, or comes when the other has ended. */
function raceProblems(end: WfEnd): readonly string[] {
  const { exitCode, stdout, stderr } = end;
  if (wasKilled(end) || [0, 1, 2, 4].includes(exitCode ?? -1)) return [];
  return [`one of two at once ended with ${exitCode}:\n${stdout}${stderr}`];
}

/** The times from `startedAt` to the first attempt that a recovery journaled; none where it did not come to begin a step. */
function firstStepAfter(now: RunOnDisk, earlier: RunOnDisk, startedAt: number): readonly number[] {
  const own = now.journal.slice(earlier.journal.length);
  const first = own.find(({ event }) => event.type === 'step.attempted' || startsStep(event));
  return first === undefined ? [] : [first.at - startedAt];
}

function startsStep(event: RunOnDisk['journal'][number]['event']): boolean {
  return event.type === 'decided' && event.effects.some(({ type }) => type === 'start-step');
}
