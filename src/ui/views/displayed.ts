import { byNumber } from '../../review/text/format/by-number.ts';

/** Characters that are not seen, or that change the direction of text: a command would be read in another order than it is copied in. */
const STEERING = /(?![\n\t])\p{Cc}|\p{Bidi_Control}/u;
const EACH = new RegExp(STEERING, 'gu');

/** Members by which a page finds things again. */
const IDENTITIES: readonly string[] = ['id', 'step', 'run'];

/** Returns data for a page, with characters that steer text shown by their number. */
export function displayed<Data>(data: Data): Data {
  const text = JSON.stringify(data, (key, value: unknown) =>
    typeof value === 'string' && !IDENTITIES.includes(key) ? displayedText(value) : value,
  );
  return JSON.parse(text);
}

/** Returns a text with the same characters shown by their number. */
export function displayedText(text: string): string {
  return STEERING.test(text) ? text.replace(EACH, byNumber) : text;
}
