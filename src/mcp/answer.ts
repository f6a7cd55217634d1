import { escapeTerminalControls, type Json, type JsonObject } from '../engine/model/json.ts';
import type { Called } from './wf-calls.ts';

/** The answer of a tool. */
export interface Answer {
  readonly text: string;
  /** The same as an object; for tools with an output schema. */
  readonly structured?: JsonObject;
  readonly notes: string;
}

/** Characters of an answer: models read some 25,000 tokens at once. */
export const ANSWER_LIMIT = 100_000;

/** Returns a document as an answer. Control characters are escaped: clients print answers on terminals. */
export function documentAnswer(document: Json, notes = ''): Answer {
  return { text: jsonLine(document), notes };
}

/** Returns the result of a command as an answer. */
export function calledAnswer({ document, notes }: Called): Answer {
  return documentAnswer(document, notes);
}

/** Writes JSON on one line. */
export function jsonLine(document: Json): string {
  return escapeTerminalControls(JSON.stringify(document));
}

/** Cuts a text to the limit, with a note about what is missing. @param rest how to get the rest */
export function boundedText(text: string, rest: string): string {
  if (text.length <= ANSWER_LIMIT) return text;
  return `${text.slice(0, ANSWER_LIMIT)}\n[cut after ${ANSWER_LIMIT} of ${text.length} characters${rest === '' ? '' : `. ${rest}`}]`;
}
