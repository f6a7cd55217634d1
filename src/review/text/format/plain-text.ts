import { stripVTControlCharacters } from 'node:util';
import fastStringWidth from 'fast-string-width';
import { byNumber } from './by-number.ts';

let graphemes: Intl.Segmenter | undefined;

/** Returns the columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  return fastStringWidth(text);
}

/** Cuts a text to `width` columns, the last one then `…`; a width of null leaves it whole. The text carries no colour. */
export function cut(text: string, width: number | null): string {
  if (width === null || widthOf(text) <= width) return text;
  if (width <= 0) return '';
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  let kept = '';
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) {
    columns += widthOf(segment);
    if (columns > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** Fills a text up with spaces to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + fill : fill + text;
}

/**
 * Sanitizes the output of a command: removes escape sequences and control characters, turns carriage returns into line breaks, and shows
 * characters that change the direction of text by their number.
 */
export function sanitized(text: string): string {
  return withoutTerminalControls(stripVTControlCharacters(text.replace(/\r\n?/g, '\n')));
}

/** Sanitizes a text and puts it on one line: line breaks become spaces. */
export function oneLine(text: string): string {
  return withoutTerminalControls(stripVTControlCharacters(text).replace(/\s+/g, ' ')).trim();
}

/** Sets words in lines of at most `width` columns; a width of null puts them on one line. */
export function wrapWords(words: readonly string[], width: number | null, gap = ' '): readonly string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of words) {
    const longer: string = line === undefined ? word : line + gap + word;
    if (line !== undefined && width !== null && widthOf(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return line === undefined ? lines : [...lines, line];
}

/** A command between backticks is one word: a broken one cannot be copied. */
const WORDS = /(?:`[^`]*`|\S)+/g;

/** Sets sentences in lines of at most `width` columns, each but the first indented by `hang` columns; nothing is ever cut. */
export function setText(text: string, width: number | null, hang: number): readonly string[] {
  const [first = '', ...more] = wrapWords(text.match(WORDS) ?? [], width === null ? null : width - hang);
  return [first, ...more.map((line) => ' '.repeat(hang) + line)];
}

/** `1 change`, `12 changes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function withoutTerminalControls(text: string): string {
  return (
    text
      // C0, delete and C1: a terminal obeys them.
      .replace(/(?![\n\t])\p{Cc}/gu, '')
      .replace(/\p{Surrogate}/gu, '\ufffd')
      .replace(/\p{Bidi_Control}/gu, byNumber)
  );
}

/** Shows control characters of a name by their number: different names stay different. */
export function shownName(name: string): string {
  return name.replace(/\p{Cc}|\p{Bidi_Control}/gu, byNumber);
}
