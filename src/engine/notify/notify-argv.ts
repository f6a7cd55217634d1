import * as z from 'zod/mini';
import { WfError } from '../model/errors.ts';
import { lazy } from '../model/lazy.ts';
import type { Argv } from '../ports/command.ts';

/** A program with its arguments, each without NUL. */
export const notifyArgv = lazy(() => {
  const word = z.string().check(z.regex(/^[^\0]*$/, 'must not contain NUL'));
  return z.tuple([word.check(z.minLength(1, 'must name a program'))], word);
});

/** Parses the command of a notification. @param option its option, for the message @throws WfError E_USAGE */
export function parseNotifyArgv(given: unknown, option: string): Argv {
  const parsed = notifyArgv().safeParse(given);
  if (parsed.success) return parsed.data;
  throw notifyUsage(option, JSON.stringify(given), 'not an array of strings that begins with a program');
}

/** Returns the error for an invalid command of a notification. */
export function notifyUsage(option: string, given: string, problem: string): WfError {
  return new WfError('E_USAGE', `${option} ${given}: ${problem}`, {
    hint: `Give one program, or a JSON array of a program and its arguments: \`--notify '["/usr/local/bin/notify-ops","net"]'\`.`,
  });
}
