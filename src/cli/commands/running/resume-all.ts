import { asWfError, type ErrorCode, type ExitCode, WfError } from '../../../engine/model/errors.ts';
import type { Lease, StoredRun } from '../../../engine/ports/history.ts';
import type { ResumeRequest } from '../../../engine/run/engine.ts';
import { isoTime } from '../../../review/record/iso-time.ts';
import type { TextStyle } from '../../../review/text/format/text-style.ts';
import { notResumedLines, resumedLines } from '../../../review/text/run/resumed-text.ts';
import type { FoundRun } from '../../arguments/find-run.ts';
import { type ResumeOptions, resumeRequest } from '../../arguments/resume-request.ts';
import type { RunOutcome } from '../../follow/follow-run.ts';
import { howToContinue, type Interruption, watchForInterruption } from '../../follow/interruption.ts';
import { resumeRun } from '../../follow/resume-run.ts';
import { refusalExitCode, runExitCode, signalExitCode, worstExitCode } from '../../output/errors/exit-code.ts';
import { lostRunWords } from '../../output/lost-run.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** Runs of `--all`, oldest first, each with its history. */
export interface AllRuns extends ResumeOptions {
  readonly runs: readonly FoundRun[];
  readonly json: boolean;
}

/** Result of one of the runs. */
type Resumed = RunOutcome | { readonly type: 'refused'; readonly error: WfError };

/** Another process has taken over or finished the run meanwhile: nothing is left to do. */
const TAKEN: readonly ErrorCode[] = ['E_LEASE_HELD', 'E_RUN_ENDED'];

/** A run that hibernates in this process until a timer of it is due. */
interface HibernatingRun {
  readonly found: FoundRun;
  readonly request: ResumeRequest;
  readonly until: number;
  readonly lease: Lease;
  readonly outcome: RunOutcome;
}

/**
 * `wf resume --all`: resumes the runs in the order of their start. A run that cannot resume, or waits for a timer, does not
 * block the others: a waiting run is resumed again when its timer is due. A stop signal ends them all.
 */
export async function resumeAll(all: AllRuns, services: Services, terminal: Terminal): Promise<ExitCode> {
  if (all.runs.length === 0 && !all.json) writeLines(terminal.err, ['Nothing to resume.']);
  const interruption = watchForInterruption(terminal);
  const codes: ExitCode[] = [];
  const documents: unknown[] = [];
  const asleep: HibernatingRun[] = [];

  function report({ run }: FoundRun, resumed: Resumed): void {
    codes.push(exitCodeOf(resumed));
    if (all.json) documents.push(documentOf(run, resumed));
    else writeLines(terminal.out, linesOf(run, resumed, terminal));
    writeLines(terminal.err, adviceFor(resumed, terminal.err.style));
  }

  async function advance(found: FoundRun, earlier?: HibernatingRun): Promise<void> {
    try {
      const { history, run } = found;
      // Read again: the previous runs may have taken long.
      const request = earlier?.request ?? (await resumeRequest(history.run(run.id) ?? run, all, history, services));
      const hibernating = earlier === undefined ? {} : { hibernating: earlier.lease };
      const outcome = await resumeRun(
        run,
        { ...request, ...hibernating, mayHibernate: true },
        interruption,
        services,
        terminal,
      );
      if (outcome.type === 'known' && outcome.result.type === 'hibernating') {
        asleep.push({ found, request, outcome, ...outcome.result });
        writeLines(terminal.err, [`run ${run.id} waits until ${isoTime(outcome.result.until)}`]);
      } else report(found, outcome);
    } catch (thrown) {
      if (earlier !== undefined) await releaseLease(earlier, services);
      report(found, { type: 'refused', error: asWfError(thrown) });
    }
  }

  try {
    for (const found of all.runs) if (interruption.signal === undefined) await advance(found);
    while (asleep.length > 0) {
      const next = await firstAwake(asleep, interruption, services);
      asleep.splice(asleep.indexOf(next), 1);
      if (interruption.signal === undefined) await advance(next.found, next);
      else {
        await releaseLease(next, services);
        report(next.found, next.outcome);
      }
    }
  } finally {
    interruption.end();
  }
  if (all.json) writeJson(terminal.out, documents);
  return interruption.signal === undefined ? worstExitCode(codes) : signalExitCode(interruption.signal);
}

/** Waits until a timer is due, a request for a run arrives, or a stop signal does. Returns the run to handle. */
async function firstAwake(
  asleep: readonly HibernatingRun[],
  interruption: Interruption,
  services: Services,
): Promise<HibernatingRun> {
  const engine = await services.engine();
  const [first, ...others] = asleep;
  if (first === undefined) throw new WfError('E_INTERNAL', 'no run hibernates', { hint: 'Report this.' });
  const earliest = others.reduce((one, other) => (other.until < one.until ? other : one), first);
  const { clock } = services;
  const ends: (() => void)[] = [];
  const awake = await new Promise<HibernatingRun>((resolve) => {
    ends.push(clock.after(Math.max(0, earliest.until - clock.now()), () => resolve(earliest)));
    interruption.attach({ id: earliest.found.run.id, interrupt: () => resolve(earliest) });
    for (const each of asleep) ends.push(engine.watchRequests(each.found.run.id, () => resolve(each)));
  });
  for (const end of ends) end();
  return awake;
}

async function releaseLease({ lease }: HibernatingRun, services: Services): Promise<void> {
  (await services.engine()).releaseLease(lease);
}

function wasTaken({ error }: Extract<Resumed, { type: 'refused' }>): boolean {
  return TAKEN.includes(error.code);
}

function exitCodeOf(resumed: Resumed): ExitCode {
  switch (resumed.type) {
    case 'known':
      return runExitCode(resumed.result, resumed.record);
    case 'lost':
      return resumed.exitCode;
    case 'refused':
      return wasTaken(resumed) ? 0 : refusalExitCode(resumed.error);
  }
}

function documentOf({ id }: StoredRun, resumed: Resumed): unknown {
  return resumed.type === 'known' ? resumed.record : { run: id, error: resumed.error.toRecord() };
}

function linesOf(run: StoredRun, resumed: Resumed, { out: { style } }: Terminal): readonly string[] {
  if (resumed.type === 'known') return resumedLines(resumed.record, style);
  const what = resumed.type === 'lost' ? 'stopped' : wasTaken(resumed) ? 'passed over' : 'not resumed';
  return notResumedLines(run, what, resumed.error.toRecord(), style);
}

/** Returns how to continue with a run that did not finish. */
function adviceFor(resumed: Resumed, style: TextStyle): readonly string[] {
  if (resumed.type === 'lost') return lostRunWords(resumed.id, resumed.error, style);
  if (resumed.type === 'refused' || resumed.result.type !== 'interrupted') return [];
  return [howToContinue(resumed.id, resumed.material.run.status, style)];
}
