import { canonicalJson, isJsonObject, type Json } from '../../engine/model/json.ts';

/** A member in which two JSON values differ; a side without such a member is absent. */
export interface MemberDifference {
  /** Its path, as `container.addresses.0`; empty for the value itself. */
  readonly member: string;
  readonly first?: Json;
  readonly second?: Json;
}

/** Returns the innermost members in which two values differ, in their order. */
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
 * Returns the items of a list by name, if the names in each of two lists are unique and the lists share one: another order is then no
 * difference.
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
