import { isJsonObject, type Json } from '../../../engine/model/json.ts';

/** So many members of an output are told in a few words. */
const MEMBERS = 5;
/** Docker shows this many digits of an id. */
const SHORT_ID = 12;

/** A step's output in a few words: `name=devops id=3f2a9c01d4e5 members=2 items`; empty for no output. */
export function outputWords(output: Json): string {
  if (output === null) return '';
  if (!isJsonObject(output)) return valueWords(output);
  const entries = Object.entries(output).filter(([, value]) => value !== null);
  const told = entries.slice(0, MEMBERS).map(([key, value]) => `${key}=${valueWords(value)}`);
  return [...told, ...(entries.length > MEMBERS ? ['…'] : [])].join(' ');
}

function valueWords(value: Json): string {
  if (Array.isArray(value)) return value.length === 1 ? '1 item' : `${value.length} items`;
  if (isJsonObject(value)) {
    const name = value['name'];
    return typeof name === 'string' ? name : '{…}';
  }
  return shortId(String(value));
}

/** An id of Docker's as people know it; other text as it is. */
export function shortId(text: string): string {
  return /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1]?.slice(0, SHORT_ID) ?? text;
}
