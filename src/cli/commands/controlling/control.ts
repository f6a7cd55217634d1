import type { z } from 'zod';
import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import type { Demand } from '../../../engine/model/request.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import { requestRecords } from '../../../review/record/request-record.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { type RunRecord, runRecord } from '../../../review/record/run-record.ts';
import { suggestions } from '../../../review/text/suggestion.ts';
import { findRun } from '../../arguments/find-run.ts';
import { type Answered, deliver } from '../../follow/deliver.ts';
import { followJournal } from '../../follow/follow-journal.ts';
import { rollbackExitCode } from '../../output/exit-code.ts';
import { printOutcome } from '../../output/print-result.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import type { controlOptions } from './control-options.ts';

/** Asks something of a run, and prints the answer. */
export async function control(
  given: z.output<typeof controlOptions>,
  demand: Demand,
  services: Services,
  terminal: Terminal,
): Promise<ExitCode> {
  const { run } = findRun(await services.historyForReading(), given.run, services.places.database);
  const answered = await deliver({ ...given, run, demand }, services, terminal);
  const { outcome, advanced } = answered;
  switch (outcome.type) {
    case 'refused':
      throw new WfError(outcome.error.code, outcome.error.message, { hint: outcome.error.hint });
    case 'unanswered':
      writeLines(terminal.err, [
        suggestions(`the request is stored; \`wf show ${run.id}\` shows its answer`, terminal.err.style),
      ]);
      return 130;
    case 'handled':
  }
  if (advanced !== undefined && !given.json) {
    const exitCode = printOutcome(advanced, false, terminal);
    return demand.kind === 'cancel' && advanced.type === 'known' ? rollbackExitCode(advanced.result) : exitCode;
  }
  // The owner undoes a cancelled run: that ends with the run.
  if (demand.kind === 'cancel') await followJournal(await services.history(), run.id, services, terminal, () => {});
  return printAnswer(run, demand, answered, given.json, services, terminal);
}

async function printAnswer(
  run: StoredRun,
  demand: Demand,
  { number, advanced }: Answered,
  json: boolean,
  services: Services,
  { out }: Terminal,
): Promise<ExitCode> {
  const history = await services.history();
  const material = readRunMaterial(history, history.run(run.id) ?? run);
  const record = runRecord(material, services.isAlive);
  if (json) {
    const entries = material.journal.filter(({ seq, event }) => seq === number || event.type === 'answered');
    writeJson(out, { request: requestRecords(entries)[0] ?? null, run: record });
  } else writeLines(out, [suggestions(answerWords(run, demand, record), out.style)]);
  if (advanced?.type === 'lost') return advanced.exitCode;
  return demand.kind === 'cancel' && record.status === 'needs-attention' ? 5 : 0;
}

function answerWords({ id }: StoredRun, demand: Demand, { status }: RunRecord): string {
  switch (demand.kind) {
    case 'send':
      return `run ${id} took the event ${demand.event.type}; it is ${status} now`;
    case 'pause':
      return `run ${id} is ${status}; \`wf resume ${id}\` resumes it`;
    case 'cancel':
      return `run ${id} was cancelled; it is ${status}`;
  }
}
