import type { ErrorRecord } from '../../engine/model/errors.ts';
import { code, journaled, journaledProse, type Text } from './document.ts';
import type { ReportWords } from './words.ts';

/** Returns an error in two lines: code and message, then the hint. */
export function errorTexts({ code: errorCode, message, hint }: ErrorRecord, words: ReportWords): readonly Text[] {
  return [[...code(errorCode), ...colon(words), ...journaled(message)], journaledProse(hint)];
}

/** Returns the colon between two texts, with its spaces. */
export function colon({ colon: text }: ReportWords): Text {
  return [{ style: 'plain', text, source: 'report' }];
}
