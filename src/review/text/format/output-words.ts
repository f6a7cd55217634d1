import { isJsonObject, type Json } from '../../../engine/model/json.ts';

/** Number of members in the summary of an output. */
const MEMBERS = 5;
/** Digits of an id that Docker prints. */
const SHORT_ID = 12;

/** Returns the output of a step in a few words: `name=devops id=3f2a9c01d4e5 members=2 items`; empty for no output. */
export function outputWords(output: Json): string {
  if (output === null) return '';
  if (!isJsonObject(output)) return valueWords(output);
  const entries = Object.entries(output).filter(([, value]) => value !== null);
  const shown = entries.slice(0, MEMBERS).map(([key, value]) => `${key}=${valueWords(value)}`);
  return [...shown, ...(entries.length > MEMBERS ? ['…'] : [])].join(' ');
}

function valueWords(value: Json): string {
  if (Array.isArray(value)) return value.length === 1 ? '1 item' : `${value.length} items`;
  if (isJsonObject(value)) {
    const name = value['name'];
    return typeof name === 'string' ? name : '{…}';
  }
  return shortId(String(value));
}

/** Returns the short form of an id of Docker; other text unchanged. */
export function shortId(text: string): string {
  return /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1]?.slice(0, SHORT_ID) ?? text;
}
