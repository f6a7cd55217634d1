import { readRun } from '../run-on-disk.ts';
import { openSubject, type Subject, type SubjectName } from '../subject.ts';
import { chanceFrom } from './random.ts';
import { type RoundReport, tortureRound, type UsualTimes } from './torture-round.ts';

export interface TortureRequest {
  readonly workflow: SubjectName;
  /** The number of runs; null for no limit. */
  readonly rounds: number | null;
  /** No round begins later than this; null for no limit. */
  readonly minutes: number | null;
  readonly seed: number;
  /** The number of hosts in use at the same time, each with its own engine. */
  readonly lanes: number;
  /** The first round, counted from 1: to repeat one that failed. */
  readonly firstRound: number;
  /** Called after each round. */
  done?(round: number, report: RoundReport): void;
  /** Whether to stop after the rounds under way. */
  stopped?(): boolean;
}

export interface TortureReport {
  readonly rounds: readonly RoundReport[];
  readonly failures: readonly {
    readonly round: number;
    readonly folder: string;
    readonly problems: readonly string[];
  }[];
}

/** Starts, kills and recovers run after run, until the rounds or the minutes are over or a round fails. */
export async function torture(request: TortureRequest): Promise<TortureReport> {
  const rounds: RoundReport[] = [];
  const failures: { round: number; folder: string; problems: readonly string[] }[] = [];
  const until = request.minutes === null ? Number.POSITIVE_INFINITY : Date.now() + request.minutes * 60_000;
  const last = request.rounds === null ? Number.POSITIVE_INFINITY : request.firstRound + request.rounds - 1;
  let next = request.firstRound;
  const goesOn = () => failures.length === 0 && next <= last && Date.now() < until && !(request.stopped?.() ?? false);

  async function useLane(): Promise<void> {
    const subject = await openSubject(request.workflow);
    let failed = false;
    try {
      let usual = await calibrate(subject);
      while (goesOn()) {
        const round = next;
        next += 1;
        const chance = chanceFrom(request.seed * 1_000_003 + round);
        const report = await tortureRound(subject, `round-${round}`, chance, usual);
        rounds.push(report);
        request.done?.(round, report);
        // The load of the machine may change.
        if (report.startEndedMs !== null) usual = { ...usual, endedMs: report.startEndedMs };
        if (report.problems.length === 0) continue;
        failed = true;
        failures.push({ round, folder: subject.lane.folder, problems: report.problems });
        return;
      }
    } finally {
      await subject.close(failed);
    }
  }

  const lanes = await Promise.allSettled(Array.from({ length: request.lanes }, useLane));
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
  return { rounds, failures };
}

/** Measures an undisturbed run, after the translation of its workflow file. */
async function calibrate({ lane, start }: Subject): Promise<UsualTimes> {
  const [, workflow = ''] = start('calibration');
  await lane.wf(['check', workflow]);
  const startedAt = Date.now();
  const { exitCode, stdout, stderr } = await lane.wf(start('calibration'));
  if (exitCode !== 0) throw new Error(`a run that nobody killed ended with ${exitCode}: ${stdout}${stderr}`);
  const createdAt = readRun(lane.database, 'calibration')?.run.createdAt ?? startedAt;
  return { begunMs: createdAt - startedAt, endedMs: Date.now() - startedAt };
}
