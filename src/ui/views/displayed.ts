import { byNumber } from '../../review/text/format/plain-text.ts';

/** Characters that are not seen, or that change the direction of text: a command would be read in another order than it is copied in. */
const STEERING = /(?![\n\t])\p{Cc}|\p{Bidi_Control}/u;
const EACH = new RegExp(STEERING, 'gu');

/** Members by which a page finds things again. */
const IDENTITIES: readonly string[] = ['id', 'step', 'run'];

/** Returns data for a page, with characters that steer text shown by their number. */
export function displayed<Data>(data: Data): Data {
  const text = JSON.stringify(data, (key, value: unknown) =>
    typeof value === 'string' && !IDENTITIES.includes(key) && STEERING.test(value)
      ? value.replace(EACH, byNumber)
      : value,
  );
  return JSON.parse(text);
}
