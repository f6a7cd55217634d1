import { asWfError, type ExitCode } from '../../../engine/model/errors.ts';
import { errorLines } from '../../../review/text/error-text.ts';
import { sanitized } from '../../../review/text/format/plain-text.ts';
import { suggestions } from '../../../review/text/suggestion.ts';
import { type Terminal, writeJson, writeLines } from '../terminal.ts';
import { refusalExitCode } from './exit-code.ts';

/** Prints an error as text, or with `--json` as a document; the only place that does. Returns the exit code of the refused command. */
export function reportError(thrown: unknown, terminal: Terminal, json: boolean): ExitCode {
  const error = asWfError(thrown);
  const record = error.toRecord();
  if (json) writeJson(terminal.out, { error: { ...record, hint: suggestions(record.hint, terminal.err.style) } });
  else writeLines(terminal.err, errorLines(record, terminal.err.style));
  if (terminal.debug) writeLines(terminal.err, stackLines(error));
  return refusalExitCode(error);
}

function stackLines(error: Error): readonly string[] {
  const { stack, cause } = error;
  const own = [sanitized(stack ?? String(error))];
  return cause instanceof Error ? [...own, 'caused by', ...stackLines(cause)] : own;
}
