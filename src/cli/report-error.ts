import { asWfError, type ExitCode } from '../engine/errors.ts';
import { errorLines } from '../review/text/error-text.ts';
import { harmless } from '../review/text/plain-text.ts';
import { refusalExitCode } from './exit-code.ts';
import { type Terminal, writeJson, writeLines } from './terminal.ts';

/**
 * The one place where an error becomes text, or with `--json` a document. Answers the exit code of a command that is refused by it.
 */
export function reportError(thrown: unknown, terminal: Terminal, json: boolean): ExitCode {
  const error = asWfError(thrown);
  if (json) writeJson(terminal.out, { error: error.toRecord() });
  else writeLines(terminal.err, errorLines(error.toRecord(), terminal.err.style));
  if (terminal.debug) writeLines(terminal.err, stackLines(error));
  return refusalExitCode(error);
}

function stackLines(error: Error): readonly string[] {
  const { stack, cause } = error;
  const own = [harmless(stack ?? String(error))];
  return cause instanceof Error ? [...own, 'caused by', ...stackLines(cause)] : own;
}
