import type { ErrorRecord } from '../../engine/errors.ts';
import { oneLine } from './plain-text.ts';
import type { TextStyle } from './text-style.ts';

/** An error for people: the code and what happened, then the next thing to do. */
export function errorLines({ code, message, hint }: ErrorRecord, { colors }: TextStyle): readonly string[] {
  return [`${colors.red(`error ${code}`)}: ${oneLine(message)}`, `  ${colors.bold('next')}: ${oneLine(hint)}`];
}

/** The same for what does not stop a command. */
export function warningLines({ code, message, hint }: ErrorRecord, { colors }: TextStyle): readonly string[] {
  return [`${colors.yellow(`warning ${code}`)}: ${oneLine(message)}`, `  ${colors.bold('next')}: ${oneLine(hint)}`];
}
