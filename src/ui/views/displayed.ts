import { byNumber } from '../../review/text/format/by-number.ts';

/** Characters that are invisible, or that change the direction of text: a command would be copied in another order than it is read. */
const STEERING = /(?![\n\t])\p{Cc}|\p{Bidi_Control}/u;
const EACH = new RegExp(STEERING, 'gu');

/** Members by which a page identifies objects. */
const IDENTITIES: readonly string[] = ['id', 'step', 'run'];

/** Returns data for a page, with characters that steer text shown by their number. */
export function displayed<Data>(data: Data): Data {
  const text = JSON.stringify(data, (key, value: unknown) => {
    if (typeof value === 'string') return IDENTITIES.includes(key) ? value : displayedText(value);
    return typeof value === 'object' && value !== null ? withDisplayedNames(value) : value;
  });
  return JSON.parse(text);
}

/** The names of members are texts of a run, too: those of its input. */
function withDisplayedNames(value: object): object {
  if (Array.isArray(value) || !Object.keys(value).some((name) => STEERING.test(name))) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [displayedText(name), member]));
}

/** Returns a text with the same characters shown by their number. */
export function displayedText(text: string): string {
  return STEERING.test(text) ? text.replace(EACH, byNumber) : text;
}
