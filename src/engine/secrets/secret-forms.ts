/** Length of the shortest secret: shorter texts occur in any output by chance, so that redacting them would only damage it. */
export const SHORTEST_SECRET = 6;

/** Line lengths of `base64` and of PEM files. */
const BASE64_LINES = [76, 64] as const;

/**
 * Returns the texts as which programs write a value, by name: unchanged, escaped for JSON (once and twice), a shell or a URL, in
 * hexadecimal, in base64 at any offset of the encoded text, and each of its lines. Texts that are too short to be recognised are left out.
 */
export function formsOf(value: string): ReadonlyMap<string, string> {
  const bytes = Buffer.from(value);
  const json = escaped(value);
  const hex = bytes.toString('hex');
  const forms = new Map([
    ['json', json],
    ['json2', escaped(json)],
    ['json-ascii', json.replace(/[^\0-\x7f]/g, unicodeEscape)],
    ['shell', value.replaceAll("'", `'\\''`)],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ...urlForms(value),
    ...([0, 1, 2] as const).flatMap((offset) => base64Forms(bytes, offset)),
    ...BASE64_LINES.flatMap((length) => pieces(bytes.toString('base64'), length)),
    ...value.split(/\r\n|\n|\r/).map((line, index) => [`line${index}`, line] as const),
  ]);
  return new Map([['', value], ...[...forms].filter(([, text]) => text.length >= SHORTEST_SECRET)]);
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function unicodeEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

type Form = readonly [name: string, text: string];

function urlForms(value: string): readonly Form[] {
  // A lone surrogate has no UTF-8, and no URL.
  if (/\p{Surrogate}/u.test(value)) return [];
  const strict = encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms: readonly Form[] = [
    ['uri', encodeURIComponent(value)],
    ['uri-strict', strict],
    ['uri-path', strict.replaceAll('%2F', '/')],
    ['uri-whole', encodeURI(value)],
    ['form', new URLSearchParams([['', value]]).toString().slice(1)],
  ];
  return forms.flatMap(([name, text]): readonly Form[] => [
    [name, text],
    [`${name}-lower`, text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
  ]);
}

/** Returns the base64 characters that depend on the value alone if it begins `offset` bytes after a multiple of three. */
function base64Forms(bytes: Buffer, offset: 0 | 1 | 2): readonly Form[] {
  const first = Math.ceil((offset * 8) / 6);
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .slice(first, end);
  return [
    [`base64-${offset}`, text],
    [`base64url-${offset}`, text.replaceAll('+', '-').replaceAll('/', '_')],
  ];
}

function pieces(text: string, length: number): readonly Form[] {
  if (text.length <= length) return [];
  const count = Math.ceil(text.length / length);
  return Array.from({ length: count }, (_, index) => [
    `base64-${length}-${index}`,
    text.slice(index * length, (index + 1) * length),
  ]);
}
