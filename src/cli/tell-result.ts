import type { ExitCode } from '../engine/errors.ts';
import type { LoadedWorkflow } from '../engine/workflow.ts';
import { endOfRunLines } from '../review/text/end-of-run.ts';
import { runExitCode } from './exit-code.ts';
import type { RunOutcome } from './follow-run.ts';
import { howToGoOn } from './interruption.ts';
import { lostRunWords } from './lost-run.ts';
import { reportError } from './report-error.ts';
import { type Terminal, writeJson, writeLines } from './terminal.ts';
import { toldProofs } from './told-proofs.ts';

interface Telling {
  readonly json: boolean;
  /** Whose proofs are told; undefined where a command needs no workflow file. */
  readonly workflow: LoadedWorkflow | undefined;
}

/** Tells in full what became of a run, and answers the exit code. */
export async function tellOutcome(outcome: RunOutcome, telling: Telling, terminal: Terminal): Promise<ExitCode> {
  if (outcome.type === 'lost') {
    reportError(outcome.error, terminal, telling.json);
    writeLines(terminal.err, [lostRunWords(outcome.id, outcome.error)]);
    return outcome.exitCode;
  }
  const { id, result, material, record } = outcome;
  if (telling.json) writeJson(terminal.out, record);
  else writeLines(terminal.out, endOfRunLines(material, record, await proofsOf(outcome, telling), terminal.out.style));
  if (result.type === 'interrupted') writeLines(terminal.err, [howToGoOn(id, material.run.status === 'rolling-back')]);
  return runExitCode(result, record);
}

async function proofsOf({ material }: Extract<RunOutcome, { type: 'known' }>, { workflow }: Telling) {
  if (material.run.status !== 'succeeded' || workflow === undefined) return undefined;
  return toldProofs(async () => workflow, material.run.output);
}
