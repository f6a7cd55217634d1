import type { Drawing, ReportLanguage } from '../../engine/workflow/narrative.ts';
import { oneLine, sanitized } from '../text/format/plain-text.ts';

/** A piece of text. */
export interface Span {
  readonly style: 'plain' | 'strong' | 'code';
  readonly text: string;
  /** `journal`: recorded by wf, and so in English in every report. */
  readonly source: 'report' | 'journal';
}

/** Text in one or several styles, without markup. */
export type Text = readonly Span[];

export type Block =
  | { readonly type: 'paragraph'; readonly text: Text }
  | { readonly type: 'list'; readonly title: string; readonly items: readonly Text[] }
  /** An important message. */
  | { readonly type: 'alert'; readonly title: string; readonly lines: readonly Text[] }
  /** The first cell of each row names it. */
  | {
      readonly type: 'table';
      readonly caption: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Text[])[];
    }
  | { readonly type: 'command'; readonly command: string; readonly output: string; readonly ending: string }
  | { readonly type: 'drawing'; readonly drawing: Drawing };

export interface Section {
  readonly title: Text;
  readonly blocks: readonly Block[];
  readonly sections: readonly Section[];
}

/** A report, independent of its format. Only the functions below create its texts. */
export interface ReportDocument {
  readonly language: ReportLanguage;
  readonly title: string;
  /** Content between the title and the first section. */
  readonly blocks: readonly Block[];
  readonly sections: readonly Section[];
  readonly footer: Text;
}

/** Returns a text as one line, without characters that control a terminal or the direction of text. */
export function line(text: string): string {
  return oneLine(text);
}

export function plain(text: string): Text {
  return [{ style: 'plain', text: line(text), source: 'report' }];
}

export function strong(text: string): Text {
  return [{ style: 'strong', text: line(text), source: 'report' }];
}

export function code(text: string): Text {
  return [{ style: 'code', text: line(text), source: 'report' }];
}

/** Returns a text that wf recorded. */
export function journaled(text: string): Text {
  return [{ style: 'plain', text: line(text), source: 'journal' }];
}

/** Returns a text of a narrative, with code between backticks. */
export function prose(text: string): Text {
  return withCode(text, 'report');
}

/** Returns the same for a text that wf recorded, such as the hint of an error. */
export function journaledProse(text: string): Text {
  return withCode(text, 'journal');
}

function withCode(text: string, source: Span['source']): Text {
  const parts = line(text).split('`');
  // The last one of an odd number of backticks is plain text.
  const whole = parts.length % 2 === 1 ? parts : [...parts.slice(0, -2), parts.slice(-2).join('`')];
  return whole
    .map((part, index): Span => ({ style: index % 2 === 1 ? 'code' : 'plain', text: part, source }))
    .filter((span) => span.text !== '');
}

/** Returns the lines of a command's output, without characters that control a terminal or the direction of text. */
export function outputText(output: string): string {
  return sanitized(output).replace(/\n+$/, '');
}
