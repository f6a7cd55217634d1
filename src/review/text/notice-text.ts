import type { ErrorRecord } from '../../engine/model/errors.ts';
import type { Notice } from '../../engine/ports/notifier.ts';
import { oneLine } from './format/plain-text.ts';

/** Returns the line about a notice whose command did not succeed. */
export function notNotifiedLine({ run, reason }: Notice, { code, message }: ErrorRecord): string {
  return `warning ${code}: run ${run}: not notified (${reason}): ${oneLine(message)}`;
}
