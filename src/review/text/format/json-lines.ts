import type { Json } from '../../../engine/model/json.ts';
import { sanitized } from './plain-text.ts';

/** Returns a JSON value as indented lines, without characters that control a terminal. */
export function jsonLines(value: Json, indent = ''): readonly string[] {
  return sanitized(JSON.stringify(value, null, 2))
    .split('\n')
    .map((line) => indent + line);
}
