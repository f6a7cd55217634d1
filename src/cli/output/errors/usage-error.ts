import type { CommanderError } from 'commander';
import { WfError } from '../../../engine/model/errors.ts';
import { didYouMean } from '../../../review/text/did-you-mean.ts';

/** Suggestion that commander appends to a misspelled word. */
const SUGGESTION = /\n\(Did you mean (.+)\?\)$/s;

/**
 * Converts a usage error of commander.
 * @param command the command being parsed, such as `wf start`, for the hint
 */
export function usageError(error: CommanderError, command: string): WfError {
  const text = error.message.replace(/^error: /, '');
  const suggestion = SUGGESTION.exec(text)?.[1];
  const message = text.replace(SUGGESTION, '');
  const meant = suggestion === undefined ? meantChoice(message) : `Did you mean ${suggestion}? `;
  const hint = `${meant}${whereToFind(message)}See \`${command} --help\`.`;
  return new WfError('E_USAGE', message, { hint });
}

const THERE_ARE: Readonly<Record<string, string>> = {
  workflow: 'List the workflows with `wf workflows`. ',
  run: 'List the runs with `wf runs`; `@latest` is the newest. ',
};

/** Returns how to find the missing argument; empty unless it names an existing object. */
function whereToFind(message: string): string {
  const [, argument = ''] = /^missing required argument '(\w+)'$/.exec(message) ?? [];
  return THERE_ARE[argument] ?? '';
}

/** Commander's message about a value outside its choices. */
const NO_CHOICE = /'([^']*)' is invalid\b.*\. Allowed choices are (.+)\.$/s;

function meantChoice(message: string): string {
  const [, given = '', choices = ''] = NO_CHOICE.exec(message) ?? [];
  return didYouMean(given, choices === '' ? [] : choices.split(', '));
}

/** Returns whether commander only printed requested help. */
export function wasHelp(error: CommanderError): boolean {
  return error.code === 'commander.helpDisplayed' || (error.code === 'commander.help' && error.exitCode === 0);
}

/** Returns whether no command was given. */
export function wasNoCommand(error: CommanderError): boolean {
  return error.code === 'commander.help' && error.exitCode !== 0;
}

/** Returns whether commander only printed the version. */
export function wasVersion(error: CommanderError): boolean {
  return error.code === 'commander.version';
}
