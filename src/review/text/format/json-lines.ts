import type { Json } from '../../../engine/model/json.ts';
import { harmless } from './plain-text.ts';

/** A JSON value as indented lines, without what would steer a terminal. */
export function jsonLines(value: Json, indent = ''): readonly string[] {
  return harmless(JSON.stringify(value, null, 2))
    .split('\n')
    .map((line) => indent + line);
}
