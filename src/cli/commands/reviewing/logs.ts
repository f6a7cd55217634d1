import * as z from 'zod/mini';
import { findSteps } from '../../../review/query/find-step.ts';
import { evidenceRecord } from '../../../review/record/evidence-record.ts';
import { runStatus } from '../../../review/record/run-status.ts';
import { stepAttempts } from '../../../review/record/steps/step-attempts.ts';
import { transcriptLines } from '../../../review/text/run/transcript.ts';
import { type FoundRun, findRun, LATEST } from '../../arguments/find-run.ts';
import { defineCommand } from '../../define-command.ts';
import { exitCodeOfFollowed, requireFollow } from '../../follow/follow-exit-code.ts';
import { type FollowEnd, isStopped } from '../../follow/follow-journal.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

const options = z.object({
  json: z._default(z.boolean(), false),
  follow: z._default(z.boolean(), false),
  exitCode: z._default(z.boolean(), false),
  run: z._default(z.string(), LATEST),
  step: z.optional(z.string()),
});

/** `wf logs RUN [STEP|STAGE]`: prints the commands of a run with their output; with `--follow`, as they arrive. */
export const logs = defineCommand(options, async (given, services, terminal) => {
  const { json, follow, run: reference, step } = given;
  requireFollow(given);
  const found = findRun(await services.historyForReading(), reference, services.places.database);
  const status = runStatus(found.run, services.isAlive);
  let end: FollowEnd | undefined;
  if (follow && !isStopped(status)) {
    const { followLogs } = await import('./logs-following.ts');
    end = await followLogs(found, step, json, services, terminal);
  }
  if (json || !follow || isStopped(status)) writeLogs(found, step, json, services, terminal);
  return given.exitCode ? exitCodeOfFollowed(found, end, services) : 0;
});

function writeLogs(
  { history, run }: FoundRun,
  step: string | undefined,
  json: boolean,
  services: Services,
  { out, err }: Terminal,
): void {
  const all = history.steps(run.id);
  const steps = step === undefined ? all : findSteps(all, step, run.id);
  const evidence = history.evidence(run.id).filter((item) => steps.some(({ id }) => id === item.step));
  if (json) {
    const stageOf = (id: string) => steps.find((one) => one.id === id)?.stage ?? null;
    const records = evidence.map((item) => evidenceRecord(item, stageOf(item.step)));
    writeJson(out, records);
    return;
  }
  const attempts = stepAttempts(history.journal(run.id), runStatus(run, services.isAlive));
  const lines = transcriptLines(steps, evidence, out.style, attempts);
  if (lines.length === 0)
    writeLines(err, [`Run ${run.id} has recorded no commands${step === undefined ? '' : ` in ${step}`}.`]);
  writeLines(out, lines);
}
