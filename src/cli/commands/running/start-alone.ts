import { asWfError, type ExitCode } from '../../../engine/model/errors.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import { pause } from '../../../engine/ports/clock.ts';
import { isEnd } from '../../../engine/ports/history.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { suggestions } from '../../../review/text/suggestion.ts';
import { signalExitCode } from '../../output/errors/exit-code.ts';
import { type StopSignal, type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

const POLL_MS = 250;

/** A start with `--if-running`. */
interface AloneStart {
  readonly ifRunning: 'skip' | 'wait';
  readonly workflow: string;
  /** Id for the run; undefined for any. */
  readonly id: RunId | undefined;
  readonly json: boolean;
}

/**
 * Starts a run once no earlier run of the workflow is unended: otherwise skips the start, or waits for the end of that run. If a run of
 * the workflow has the id already, the slot is done: starts nothing, which is not an error.
 * @param start refuses if another run of the workflow has not ended
 */
export async function startAlone(
  { ifRunning, workflow, id, json }: AloneStart,
  services: Services,
  terminal: Terminal,
  start: () => Promise<ExitCode>,
): Promise<ExitCode> {
  let history: HistoryReader | undefined;
  for (;;) {
    history ??= await services.historyForReading();
    const own = id !== undefined && history?.run(id)?.workflow === workflow ? id : undefined;
    const other = history?.unendedRun(workflow);
    const inTheWay = own === undefined || ifRunning === 'skip' ? (own ?? other) : other;
    if (history !== undefined && inTheWay !== undefined && ifRunning === 'skip') {
      return skipped(history, inTheWay, json, services, terminal);
    }
    if (history !== undefined && inTheWay !== undefined) {
      const signal = await untilEnd(history, inTheWay, services, terminal);
      if (signal !== undefined) return signalExitCode(signal);
      continue;
    }
    if (history !== undefined && own !== undefined) return skipped(history, own, json, services, terminal);
    try {
      return await start();
    } catch (thrown) {
      // Another process was faster: the next iteration finds its run. The id may also belong to a run of another workflow.
      const { code } = asWfError(thrown);
      history ??= await services.historyForReading();
      const isSlotTaken = code === 'E_RUN_EXISTS' && id !== undefined && history?.run(id)?.workflow === workflow;
      if (code !== 'E_WORKFLOW_RUNNING' && !isSlotTaken) throw thrown;
    }
  }
}

function skipped(history: HistoryReader, id: RunId, json: boolean, services: Services, { out }: Terminal): 0 {
  const run = history.run(id);
  if (run === undefined) return 0;
  const record = runRecord(readRunMaterial(history, run), services.isAlive);
  if (json) writeJson(out, { started: false, run: record });
  else
    writeLines(out, [
      suggestions(`not started: run ${id} of ${run.workflow} is ${record.status}; \`wf show ${id}\``, out.style),
    ]);
  return 0;
}

/** Waits for the end of a run. Returns the stop signal that ended the wait. */
async function untilEnd(
  history: HistoryReader,
  id: RunId,
  { clock }: Services,
  terminal: Terminal,
): Promise<StopSignal | undefined> {
  const stopped = new AbortController();
  let signal: StopSignal | undefined;
  const onStop = (given: StopSignal) => {
    signal ??= given;
    stopped.abort();
  };
  const unlisten = terminal.onStopSignal(onStop, { runsWorkflowCode: false });
  writeLines(terminal.progress, [`waiting for the end of run ${id}`]);
  try {
    for (;;) {
      const run = history.run(id);
      if (run === undefined || isEnd(run.status) || signal !== undefined) return signal;
      await pause(clock, POLL_MS, stopped.signal);
    }
  } finally {
    unlisten();
  }
}
