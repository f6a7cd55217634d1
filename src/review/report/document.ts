import type { Drawing, ReportLanguage } from '../../engine/workflow/narrative.ts';
import { harmless, oneLine } from '../text/format/plain-text.ts';

/** A piece of text. */
export interface Span {
  readonly style: 'plain' | 'strong' | 'code';
  readonly text: string;
  /** `journal`: as wf recorded it, so in English, whatever the language of the report. */
  readonly source: 'report' | 'journal';
}

/** Text in one or several styles. What looks like markup in it is none. */
export type Text = readonly Span[];

export type Block =
  | { readonly type: 'paragraph'; readonly text: Text }
  | { readonly type: 'list'; readonly title: string; readonly items: readonly Text[] }
  /** Something that must not be overlooked. */
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

/** A report, before it is written in one format or another. All its words have gone through the functions below. */
export interface ReportDocument {
  readonly language: ReportLanguage;
  readonly title: string;
  /** What stands below the title, before the first section. */
  readonly blocks: readonly Block[];
  readonly sections: readonly Section[];
  readonly footer: Text;
}

/** Words as one line, in which nothing steers a terminal or the eye of a reader. */
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

/** Words that wf recorded. */
export function journaled(text: string): Text {
  return [{ style: 'plain', text: line(text), source: 'journal' }];
}

/** A narrative's prose: what stands between two backticks is code. */
export function prose(text: string): Text {
  return withCode(text, 'report');
}

/** The same of what wf recorded: the hint of an error. */
export function journaledProse(text: string): Text {
  return withCode(text, 'journal');
}

function withCode(text: string, source: Span['source']): Text {
  const parts = line(text).split('`');
  // The last backtick of an odd number of them opens nothing.
  const whole = parts.length % 2 === 1 ? parts : [...parts.slice(0, -2), parts.slice(-2).join('`')];
  return whole
    .map((part, index): Span => ({ style: index % 2 === 1 ? 'code' : 'plain', text: part, source }))
    .filter((span) => span.text !== '');
}

/** Output of a command: its lines as they are, without what would steer a terminal or a reader's eye. */
export function outputText(output: string): string {
  return harmless(output).replace(/\n+$/, '');
}
