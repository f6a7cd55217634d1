import { asWfError, type ErrorRecord, errorOfRecord, WfError } from '../../engine/model/errors.ts';
import type { Json } from '../../engine/model/json.ts';
import { errorIn, type WfCommandEnd } from '../../library/commands/wf-command.ts';

/**
 * The answer of a command. A command that carried out its request is `done`, whatever the outcome of the run: the exit code and the
 * document report that.
 */
export type CommandOutcome =
  | { readonly type: 'done'; readonly document: Json }
  | { readonly type: 'refused'; readonly error: ErrorRecord };

export function outcomeOf(end: WfCommandEnd): CommandOutcome {
  const { document } = end;
  if (document === undefined) return { type: 'refused', error: endedEarly(end).toRecord() };
  const error = errorIn(document);
  return error === undefined ? { type: 'done', document } : { type: 'refused', error };
}

/** Returns the outcome of a command that could not be started. */
export function notStarted(thrown: unknown): CommandOutcome {
  return { type: 'refused', error: asWfError(thrown).toRecord() };
}

/** @throws WfError that of a command which was refused */
export function documentOf(outcome: CommandOutcome): Json {
  if (outcome.type === 'refused') throw errorOfRecord(outcome.error);
  return outcome.document;
}

/** Characters of an unexpected output that an error repeats. */
const MOST_CHARACTERS = 1_000;

function endedEarly({ exitCode, stderr, isCut }: WfCommandEnd): WfError {
  if (isCut)
    return new WfError('E_OUTPUT', 'the document of the command is too long', {
      hint: 'Run the command in a terminal.',
    });
  const how = exitCode === null ? 'was killed' : `ended with exit code ${exitCode}`;
  const output = stderr.trim().slice(-MOST_CHARACTERS);
  return new WfError('E_INTERNAL', `the command ${how}, and printed no document${output === '' ? '' : `: ${output}`}`, {
    hint: 'Check the state of the run with `wf show`, and try again.',
  });
}
