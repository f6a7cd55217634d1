import { canonicalJson, isJsonObject, type Json } from '../../engine/model/json.ts';

/** A member that two JSON values do not have in common; a side that has no such member is left out. */
export interface MemberDifference {
  /** Its path, as `container.addresses.0`; empty for the value itself. */
  readonly member: string;
  readonly first?: Json;
  readonly second?: Json;
}

/** The innermost members in which two values differ, in the order in which they are there. */
export function memberDifferences(
  first: Json | undefined,
  second: Json | undefined,
  path: readonly string[] = [],
): readonly MemberDifference[] {
  if (first === undefined && second === undefined) return [];
  if (first !== undefined && second !== undefined) {
    if (canonicalJson(first) === canonicalJson(second)) return [];
    const [one, other] = [
      namedItems(first, second) ?? membersOf(first),
      namedItems(second, first) ?? membersOf(second),
    ];
    if (one !== undefined && other !== undefined) {
      const names = new Set([...one.keys(), ...other.keys()]);
      return [...names].flatMap((name) => memberDifferences(one.get(name), other.get(name), [...path, name]));
    }
  }
  return [
    {
      member: path.join('.'),
      ...(first === undefined ? {} : { first }),
      ...(second === undefined ? {} : { second }),
    },
  ];
}

function membersOf(value: Json): ReadonlyMap<string, Json> | undefined {
  if (Array.isArray(value)) return new Map(value.map((item, index) => [String(index), item]));
  return isJsonObject(value) ? new Map(Object.entries(value)) : undefined;
}

/**
 * The items of a list by their names, where each of two lists has another name for each of its items and they have a name in
 * common: what came in another order is no difference.
 */
function namedItems(value: Json, other: Json): ReadonlyMap<string, Json> | undefined {
  const [own, others] = [byName(value), byName(other)];
  const isShared = own !== undefined && others !== undefined && [...own.keys()].some((name) => others.has(name));
  return isShared ? own : undefined;
}

function byName(value: Json): ReadonlyMap<string, Json> | undefined {
  if (!Array.isArray(value)) return undefined;
  const named = value.flatMap((item: Json) => {
    const name = isJsonObject(item) ? item['name'] : undefined;
    return typeof name === 'string' ? [[name, item] as const] : [];
  });
  const items = new Map(named);
  return items.size === value.length ? items : undefined;
}
