import { z } from 'zod';
import type { ExitCode } from '../../../engine/model/errors.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import { requestRecord } from '../../../review/record/request-record.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { endOfRunLines } from '../../../review/text/run/end-of-run.ts';
import { findRun } from '../../arguments/find-run.ts';
import { refuseOtherInputs, typedSecrets } from '../../arguments/secrets/run-secrets.ts';
import { defineCommand } from '../../define-command.ts';
import { followJournal } from '../../follow/follow-journal.ts';
import { followedExitCode, runExitCode, signalExitCode } from '../../output/errors/exit-code.ts';
import { printOutcome } from '../../output/print-result.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { printRetryPlan } from '../running/resume-dry-run.ts';
import { ask } from './control.ts';
import { controlOptions } from './control-options.ts';

const options = controlOptions.extend({
  acceptChanges: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

/** `wf retry RUN`: continues a failed run from its failed steps, or starts a rolled-back one anew, and follows it to its end. */
export const retry = defineCommand(options, async (asked, services, terminal) => {
  const given = { ...asked, input: [...typedSecrets(asked)] };
  if (given.dryRun) {
    const found = findRun(await services.historyForReading(), given.run, services.places.database);
    refuseOtherInputs(found.run, given.input);
    return printRetryPlan(found, given, services, terminal);
  }
  const answered = await ask(given, { kind: 'retry' }, services, terminal);
  if (answered === undefined) return 130;
  const { run, number, advanced } = answered;
  if (advanced === undefined) return followRetry(run, number, given.json, services, terminal);
  if (!given.json || advanced.type === 'lost') return printOutcome(advanced, given.json, terminal);
  const { record, result } = advanced;
  writeJson(terminal.out, { request: await requestOf(run, number, services), run: record });
  return runExitCode(result, record);
});

/** Follows a run that another process retries. */
async function followRetry(
  asked: StoredRun,
  number: number | null,
  json: boolean,
  services: Services,
  terminal: Terminal,
): Promise<ExitCode> {
  const history = await services.history();
  const now = history.run(asked.id) ?? asked;
  const id = (now.status === 'rolled-back' ? now.retriedAs : null) ?? asked.id;
  const end = await followJournal(history, id, services, terminal, () => {}, { restsIn: ['waiting'] });
  if (end.type === 'stopped') return signalExitCode(end.signal);
  const material = readRunMaterial(history, history.run(id) ?? now);
  const record = runRecord(material, services.isAlive);
  if (json) writeJson(terminal.out, { request: await requestOf(asked, number, services), run: record });
  else writeLines(terminal.out, endOfRunLines(material, record, terminal.out.style));
  return followedExitCode(record);
}

async function requestOf({ id }: StoredRun, number: number | null, services: Services) {
  return requestRecord((await services.history()).journal(id), number);
}
