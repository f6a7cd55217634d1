import { z } from 'zod';
import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import type { StoredRun } from '../../../engine/ports/history.ts';
import type { HistoryReader } from '../../../history/reader.ts';
import { resumableLines } from '../../../review/text/run/resumed-text.ts';
import { type FoundRun, findRun } from '../../arguments/find-run.ts';
import { onlyResumable, resumableRuns, resumeCandidates } from '../../arguments/resumable-runs.ts';
import { resumeRequest } from '../../arguments/resume-request.ts';
import { refuseOtherInputs, typedSecrets } from '../../arguments/secrets/run-secrets.ts';
import { defineCommand } from '../../define-command.ts';
import { watchForInterruption } from '../../follow/interruption.ts';
import { resumeRun } from '../../follow/resume-run.ts';
import { printOutcome } from '../../output/print-result.ts';
import { type Terminal, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { resumeAll } from './resume-all.ts';
import { printPlan, printPlans } from './resume-dry-run.ts';

const options = z.object({
  run: z.string().optional(),
  all: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  acceptChanges: z.boolean().default(false),
  pauseAfter: z.string().optional(),
  input: z.array(z.string()).default([]),
  inputFile: z.string().optional(),
  workflow: z.string().optional(),
  json: z.boolean().default(false),
});
type Given = z.output<typeof options>;

/** `wf resume [RUN]`: resumes an interrupted, paused or waiting run; with --dry-run prints what that would do. */
export const resume = defineCommand(options, async (asked, services, terminal) => {
  const given = { ...asked, input: [...typedSecrets(asked)] };
  if (given.all && given.run !== undefined) {
    throw new WfError('E_USAGE', `--all and the run ${given.run} exclude each other`, {
      hint: 'Specify one of the two: --all resumes every run that can be resumed.',
    });
  }
  if (given.all && given.workflow !== undefined) {
    throw new WfError('E_USAGE', '--all and --workflow exclude each other', {
      hint: 'Specify the run that was started with this file.',
    });
  }
  const history = await services.historyForReading();
  if (given.all) {
    const all = { ...given, runs: resumableRuns(history, services.isAlive).toReversed() };
    return given.dryRun ? printPlans(all, services, terminal) : resumeAll(all, services, terminal);
  }
  const found = chosenRun(history, given, services, terminal);
  refuseOtherInputs(found.run, given.input);
  return given.dryRun ? printPlan(found, given, services, terminal) : resumeOne(found, given, services, terminal);
});

async function resumeOne(
  { history, run }: FoundRun,
  given: Given,
  services: Services,
  terminal: Terminal,
): Promise<ExitCode> {
  const interruption = watchForInterruption(terminal);
  try {
    const request = await resumeRequest(run, given, history, services);
    const outcome = await resumeRun(run, request, interruption, services, terminal);
    return printOutcome(outcome, given.json, terminal);
  } finally {
    interruption.end();
  }
}

/** Returns the specified run, otherwise the only candidate. */
function chosenRun(
  history: HistoryReader | undefined,
  { run: reference, json }: Given,
  services: Services,
  { err }: Terminal,
): FoundRun {
  if (reference !== undefined) return findRun(history, reference, services.places.database);
  const runs = resumeCandidates(resumableRuns(history, services.isAlive), services.isAlive);
  if (runs.length > 1 && !json) {
    const since = ({ id, createdAt }: StoredRun) => history?.journal(id).at(-1)?.at ?? createdAt;
    const listed = runs.map(({ run }) => run);
    writeLines(err, resumableLines(listed, since, services.isAlive, services.clock.now(), err.style));
  }
  return onlyResumable(runs, services.isAlive);
}
