import type { ExitCode } from '../../engine/model/errors.ts';
import { setText } from '../../review/text/format/plain-text.ts';
import { endOfRunLines } from '../../review/text/run/end-of-run.ts';
import type { RunOutcome } from '../follow/follow-run.ts';
import { howToContinue } from '../follow/interruption.ts';
import { runExitCode } from './errors/exit-code.ts';
import { reportError } from './errors/report-error.ts';
import { lostRunWords } from './lost-run.ts';
import { type Terminal, writeJson, writeLines } from './terminal.ts';

/** Prints the result of a run in full, and returns the exit code. */
export function printOutcome(outcome: RunOutcome, json: boolean, terminal: Terminal): ExitCode {
  if (outcome.type === 'lost') {
    reportError(outcome.error, terminal, json);
    writeLines(terminal.err, lostRunWords(outcome.id, outcome.error, terminal.err.style));
    return outcome.exitCode;
  }
  const { id, result, material, record } = outcome;
  if (json) writeJson(terminal.out, record);
  else writeLines(terminal.out, endOfRunLines(material, record, terminal.out.style));
  if (result.type === 'interrupted') {
    const words = howToContinue(id, material.run.status, terminal.err.style);
    writeLines(terminal.err, setText(words, terminal.err.style.width, 2));
  }
  return runExitCode(result, record);
}
