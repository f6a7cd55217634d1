import type { ErrorRecord } from '../../engine/model/errors.ts';
import { code, journaled, journaledProse, type Text } from './document.ts';
import type { ReportWords } from './words.ts';

/** An error in two lines: its code and what happened, and what to do next. */
export function errorTexts({ code: errorCode, message, hint }: ErrorRecord, words: ReportWords): readonly Text[] {
  return [[...code(errorCode), ...colon(words), ...journaled(message)], journaledProse(hint)];
}

/** Between two texts. It keeps its spaces, which a text of its own would lose. */
export function colon({ colon: text }: ReportWords): Text {
  return [{ style: 'plain', text, source: 'report' }];
}
