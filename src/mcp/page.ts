import type { Json, JsonObject } from '../engine/model/json.ts';
import { ANSWER_LIMIT, jsonLine } from './answer.ts';

/** Returns the first items that fit into one answer; at least one, without its long members if it does not fit. */
export function fittingItems(items: readonly JsonObject[]): readonly JsonObject[] {
  const page: JsonObject[] = [];
  let room = ANSWER_LIMIT - ENVELOPE;
  for (const item of items) {
    const length = jsonLine(item).length + 1;
    if (length > room) return page.length === 0 ? [withoutLongMembers(item)] : page;
    page.push(item);
    room -= length;
  }
  return page;
}

/** Characters of an answer around its items. */
const ENVELOPE = 1_000;

const LONG = 2_000;

function withoutLongMembers(item: JsonObject): JsonObject {
  const isLong = (value: Json) => jsonLine(value).length > LONG;
  const [long, short] = [true, false].map((wanted) =>
    Object.entries(item).filter(([, value]) => isLong(value) === wanted),
  );
  return { ...Object.fromEntries(short ?? []), tooLong: (long ?? []).map(([name]) => name) };
}
