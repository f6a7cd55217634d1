import type { CommanderError } from 'commander';
import { WfError } from '../../engine/model/errors.ts';
import { didYouMean } from './did-you-mean.ts';

/** How commander appends what it takes for a misspelling. */
const SUGGESTION = /\n\(Did you mean (.+)\?\)$/s;

/**
 * Commander's complaint about a command line as wf's own.
 * @param command what was being parsed, e.g. `wf start`, for the hint
 */
export function usageError(error: CommanderError, command: string): WfError {
  const text = error.message.replace(/^error: /, '');
  const suggestion = SUGGESTION.exec(text)?.[1];
  const message = text.replace(SUGGESTION, '');
  const meant = suggestion === undefined ? meantChoice(message) : `Did you mean ${suggestion}? `;
  const hint = `${meant}${whereToFind(message)}\`${command} --help\` shows how it is used.`;
  return new WfError('E_USAGE', message, { hint });
}

const THERE_ARE: Readonly<Record<string, string>> = {
  workflow: '`wf workflows` lists what there is. ',
  run: '`wf runs` lists the runs; `@latest` names the newest. ',
};

/** Where what was not given is told; empty where that is no name of something that is there. */
function whereToFind(message: string): string {
  const [, argument = ''] = /^missing required argument '(\w+)'$/.exec(message) ?? [];
  return THERE_ARE[argument] ?? '';
}

/** How commander refuses a value that is none of those there are. */
const NO_CHOICE = /'([^']*)' is invalid\b.*\. Allowed choices are (.+)\.$/s;

function meantChoice(message: string): string {
  const [, given = '', choices = ''] = NO_CHOICE.exec(message) ?? [];
  return didYouMean(given, choices === '' ? [] : choices.split(', '));
}

/** Whether commander only showed the help it was asked for. */
export function wasHelp(error: CommanderError): boolean {
  return error.code === 'commander.helpDisplayed' || (error.code === 'commander.help' && error.exitCode === 0);
}

/** Whether nothing was asked for at all. */
export function wasNoCommand(error: CommanderError): boolean {
  return error.code === 'commander.help' && error.exitCode !== 0;
}

/** Whether commander only showed the version. */
export function wasVersion(error: CommanderError): boolean {
  return error.code === 'commander.version';
}
