import { asWfError, type ErrorCode, type ExitCode, type WfError } from '../../engine/errors.ts';
import type { StoredRun } from '../../engine/ports/history.ts';
import { notResumedLines, resumedLines } from '../../review/text/resumed-text.ts';
import { runExitCode, signalExitCode, worstExitCode } from '../exit-code.ts';
import type { FoundRun } from '../find-run.ts';
import type { RunOutcome } from '../follow-run.ts';
import { howToGoOn, type Interruption, watchForInterruption } from '../interruption.ts';
import { lostRunWords } from '../lost-run.ts';
import { type ResumeOptions, resumeRequest } from '../resume-request.ts';
import { resumeRun } from '../resume-run.ts';
import { type Terminal, writeJson, writeLines } from '../terminal.ts';
import type { Wire } from '../wire-types.ts';

/** The runs that `--all` means, oldest first, each with the history that holds it. */
export interface AllRuns extends ResumeOptions {
  readonly runs: readonly FoundRun[];
  readonly json: boolean;
}

/** What came of one of them. */
type Resumed = RunOutcome | { readonly type: 'refused'; readonly error: WfError };

/** Another process has taken the run in the meantime, or has even brought it to its end: it is seen to. */
const TAKEN: readonly ErrorCode[] = ['E_LEASE_HELD', 'E_RUN_ENDED'];

/**
 * `wf resume --all`: each run in turn, in the order in which they were started. One that cannot go on holds up none of the
 * others; a signal to stop ends it all.
 */
export async function resumeAll(all: AllRuns, wire: Wire, terminal: Terminal): Promise<ExitCode> {
  if (all.runs.length === 0 && !all.json) writeLines(terminal.err, ['There is nothing to resume.']);
  const interruption = watchForInterruption(terminal);
  const codes: ExitCode[] = [];
  const documents: unknown[] = [];
  try {
    for (const found of all.runs) {
      const { run } = found;
      if (interruption.signal !== undefined) break;
      const resumed = await resumeNext(found, all, interruption, wire, terminal);
      codes.push(exitCodeOf(resumed));
      if (all.json) documents.push(documentOf(run, resumed));
      else writeLines(terminal.out, linesOf(run, resumed, terminal));
      writeLines(terminal.err, adviceFor(resumed));
    }
  } finally {
    interruption.end();
  }
  if (all.json) writeJson(terminal.out, documents);
  return interruption.signal === undefined ? worstExitCode(codes) : signalExitCode(interruption.signal);
}

async function resumeNext(
  { history, run }: FoundRun,
  options: AllRuns,
  interruption: Interruption,
  wire: Wire,
  terminal: Terminal,
): Promise<Resumed> {
  try {
    // As it is now: the runs before it may have taken long.
    const request = await resumeRequest(history.run(run.id) ?? run, options, history, wire);
    return await resumeRun(run, request, interruption, wire, terminal);
  } catch (thrown) {
    return { type: 'refused', error: asWfError(thrown) };
  }
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
      return wasTaken(resumed) ? 0 : resumed.error.exitCode;
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

/** How to go on with one that did not come to its end. */
function adviceFor(resumed: Resumed): readonly string[] {
  if (resumed.type === 'lost') return [lostRunWords(resumed.id, resumed.error)];
  if (resumed.type === 'refused' || resumed.result.type !== 'interrupted') return [];
  return [howToGoOn(resumed.id, resumed.material.run.status === 'rolling-back')];
}
