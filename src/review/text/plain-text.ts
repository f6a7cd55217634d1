import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';

/**
 * ASCII and the signs that wf itself draws with, each of them one column wide: nearly all there is. To measure any other text
 * takes tables of Unicode, which a command that is over in a tenth of a second had better not load.
 */
const ONE_COLUMN_EACH = /^[ -~·…→⇒∥─-▟■▶○◎●✓✗]*$/;

let graphemes: Intl.Segmenter | undefined;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  return ONE_COLUMN_EACH.test(text) ? text.length : stringWidth(text);
}

/** A text cut to `width` columns, its last one then `…`; uncut where the width is null. The text carries no colour. */
export function cut(text: string, width: number | null): string {
  if (width === null || widthOf(text) <= width) return text;
  if (width <= 0) return '';
  if (ONE_COLUMN_EACH.test(text)) return `${text.slice(0, width - 1).trimEnd()}…`;
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

/** A text filled up with spaces to `width` columns. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + fill : fill + text;
}

/**
 * Output of a command without what would steer a terminal or a reader's eye: escape sequences and control characters vanish, a carriage
 * return begins a new line, and characters that turn the direction of text around are shown by their number.
 */
export function harmless(text: string): string {
  return withoutSteering(stripVTControlCharacters(text.replace(/\r\n?/g, '\n')));
}

/** A text as one line: the same, line breaks as spaces. */
export function oneLine(text: string): string {
  return withoutSteering(stripVTControlCharacters(text).replace(/\s+/g, ' ')).trim();
}

/** Words, set in lines of at most `width` columns; in one line where the width is null. */
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

/** A command between backticks is one word: where it is broken, it cannot be copied. */
const WORDS = /(?:`[^`]*`|\S)+/g;

/** Sentences, set in lines of at most `width` columns, each but the first `hang` columns further in; nothing is ever cut. */
export function setText(text: string, width: number | null, hang: number): readonly string[] {
  const [first = '', ...more] = wrapWords(text.match(WORDS) ?? [], width === null ? null : width - hang);
  return [first, ...more.map((line) => ' '.repeat(hang) + line)];
}

/** `1 change`, `12 changes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function withoutSteering(text: string): string {
  return (
    text
      // C0, delete and C1: a terminal takes them for orders.
      .replace(/(?![\n\t])\p{Cc}/gu, '')
      .replace(/\p{Surrogate}/gu, '\ufffd')
      .replace(/\p{Bidi_Control}/gu, byNumber)
  );
}

/** A name in which what would steer is shown by its number: different names stay different. */
export function shownName(name: string): string {
  return name.replace(/\p{Cc}|\p{Bidi_Control}/gu, byNumber);
}

/** A character by its number, e.g. `[U+202E]`. */
export function byNumber(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}
