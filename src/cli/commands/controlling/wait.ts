import * as z from 'zod/mini';
import { WfError } from '../../../engine/model/errors.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import { ageOption } from '../../../review/query/moment.ts';
import { readRunMaterial } from '../../../review/record/run-material.ts';
import { runRecord } from '../../../review/record/run-record.ts';
import { endOfRunLines } from '../../../review/text/run/end-of-run.ts';
import { findRun, LATEST } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { followJournal } from '../../follow/follow-journal.ts';
import { followedExitCode, signalExitCode } from '../../output/errors/exit-code.ts';
import { writeJson, writeLines } from '../../output/terminal.ts';

const options = z.object({
  json: z._default(z.boolean(), false),
  run: z._default(z.string(), LATEST),
  timeout: z.optional(z.string()),
});

/** `wf wait [RUN]`: waits until a run has ended or nobody advances it; returns the exit code that `wf start` would return. */
export const wait = defineCommand(options, async ({ json, run: reference, timeout }, services, terminal) => {
  const timeoutMs = timeout === undefined ? undefined : ageOption('--timeout', timeout);
  const { history, run } = findRun(await services.historyForReading(), reference, services.places.database);
  const { id } = run;
  const end = await followJournal(history, id, services, terminal, () => {}, { timeoutMs, restsIn: ['waiting'] });
  if (end.type === 'stopped') return signalExitCode(end.signal);
  if (end.type === 'timed-out') throw timedOut(id, timeout ?? '');
  const material = readRunMaterial(history, history.run(id) ?? run);
  const record = runRecord(material, services.isAlive);
  if (json) writeJson(terminal.out, record);
  else writeLines(terminal.out, endOfRunLines(material, record, terminal.out.style));
  return followedExitCode(record);
});

function timedOut(run: RunId, timeout: string): WfError {
  return new WfError('E_WAIT_TIMEOUT', `run ${run} is still under way after ${timeout}`, {
    hint: `Follow it with \`wf show ${run} --follow\`, or wait longer.`,
  });
}
