import type { CommanderError } from 'commander';
import { WfError } from '../engine/errors.ts';

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
  const meant = suggestion === undefined ? '' : `Did you mean ${suggestion}? `;
  return new WfError('E_USAGE', message, { hint: `${meant}\`${command} --help\` shows how it is used.` });
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
