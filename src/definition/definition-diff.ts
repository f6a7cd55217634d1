import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../engine/model/json.ts';

/** Number of differences that are listed one by one. */
const LISTED = 20;
/** Characters of the longest value that is printed; a longer one has "changed". */
const LONGEST_VALUE = 40;

/**
 * Returns the differences between two descriptions of a definition (by `describeDefinition`) in words: `version 1 -> 2`, `stage teardown
 * is gone`, `state setup.images: invoke provideImage: input changed`. At most 20 of them, then the number of the others.
 */
export function definitionDifferences(stored: Json, current: Json): readonly string[] {
  const all = differences(objectIn(stored), objectIn(current));
  return all.length <= LISTED ? all : [...all.slice(0, LISTED), `and ${all.length - LISTED} more`];
}

function differences(before: JsonObject, after: JsonObject): readonly string[] {
  const stages = [namesIn(before['stages']), namesIn(after['stages'])] as const;
  return eachMember(before, after, (member, was, is) => {
    switch (member) {
      case 'stages':
        return stageOrder(...stages);
      case 'machine':
        return machineDifferences(was, is, new Set(stages.flat()));
      case 'runners':
        return runnerDifferences(was, is);
      case 'input':
        return inputDifferences(objectIn(was), objectIn(is));
      case 'children':
        return eachMember(was, is, childDifferences);
      default:
        return altered(member, was, is);
    }
  });
}

function childDifferences(invoke: string, was: Json | undefined, is: Json | undefined): readonly string[] {
  const child = `child ${invoke}`;
  if (was === undefined || is === undefined) return altered(child, was, is);
  return differences(objectIn(was), objectIn(is)).map((difference) => `${child}: ${difference}`);
}

function machineDifferences(
  before: Json | undefined,
  after: Json | undefined,
  stageNames: ReadonlySet<string>,
): readonly string[] {
  return eachMember(before, after, (member, was, is) => {
    if (member === 'config') return stateDifferences([], objectIn(was), objectIn(is), stageNames);
    const kind = member.replace(/s$/, ''); // actions, guards, delays
    return eachMember(was, is, (name, ...values) => altered(`${kind} ${name}`, ...values));
  });
}

/** Reports only a changed order: stages that are new or gone are reported as states. */
function stageOrder(before: readonly string[], after: readonly string[]): readonly string[] {
  const common = (names: readonly string[], others: readonly string[]) => names.filter((name) => others.includes(name));
  const sameOrder = common(before, after).join(' ') === common(after, before).join(' ');
  return sameOrder ? [] : [`the order of the stages changed: ${after.join(', ')}`];
}

function stateDifferences(
  path: readonly string[],
  before: JsonObject,
  after: JsonObject,
  stageNames: ReadonlySet<string>,
): readonly string[] {
  const nameOf = (at: readonly string[]) => {
    if (at.length === 0) return 'the machine';
    return `${at.length === 1 && stageNames.has(at[0] ?? '') ? 'stage' : 'state'} ${at.join('.')}`;
  };
  const here = nameOf(path);
  const own = eachMember(before, after, (member, was, is) => {
    switch (member) {
      case 'states':
        return [];
      case 'invoke':
        return invokeDifferences(here, was, is);
      case 'on':
      case 'after':
        return eachMember(was, is, (event, ...values) => altered(`${here}: ${member} ${event}`, ...values));
      default:
        return altered(`${here}: ${member}`, was, is);
    }
  });
  const below = eachMember(before['states'], after['states'], (name, was, is) => {
    const at = [...path, name];
    if (was === undefined || is === undefined) return altered(nameOf(at), was, is);
    return stateDifferences(at, objectIn(was), objectIn(is), stageNames);
  });
  return [...own, ...below];
}

function invokeDifferences(state: string, before: Json | undefined, after: Json | undefined): readonly string[] {
  return eachMember(invokesById(before), invokesById(after), (id, was, is) => {
    const what = `${state}: invoke ${id}`;
    if (was === undefined || is === undefined) return altered(what, was, is);
    return eachMember(was, is, (member, ...values) => altered(`${what}: ${member}`, ...values));
  });
}

/** Returns the invokes of a state by id; one without an id has the name of its actor, or its number. */
function invokesById(invoke: Json | undefined): JsonObject {
  const list = Array.isArray(invoke) ? invoke : invoke === undefined ? [] : [invoke];
  return Object.fromEntries(
    list.map((one, index) => {
      const { id, src } = objectIn(one);
      const named = [id, src].find((name) => typeof name === 'string');
      return [named ?? String(index + 1), one];
    }),
  );
}

/** Compares only steps that both have: new and gone ones are reported with their states. */
function runnerDifferences(before: Json | undefined, after: Json | undefined): readonly string[] {
  return eachMember(before, after, (step, was, is) => {
    if (was === undefined || is === undefined) return [];
    const { kind, policy, host } = objectIn(was);
    const now = objectIn(is);
    return [
      ...altered(`step ${step}: step runner`, kind, now['kind']),
      ...altered(`step ${step}: host`, host, now['host']),
      ...leafDifferences(`step ${step} (${wordOf(kind)}):`, policy, now['policy']),
    ];
  });
}

/** Returns the differences between innermost members: `timeoutMs 60000 -> 30000`, `retry.attempts 1 -> 3`. */
function leafDifferences(
  what: string,
  before: Json | undefined,
  after: Json | undefined,
  path: readonly string[] = [],
): readonly string[] {
  if (!isJsonObject(before) || !isJsonObject(after))
    return altered(`${what} ${path.join('.') || 'policy'}`, before, after);
  return eachMember(before, after, (member, ...values) => leafDifferences(what, ...values, [...path, member]));
}

/** Compares two JSON Schemas of objects. */
function inputDifferences(before: JsonObject, after: JsonObject): readonly string[] {
  return eachMember(before, after, (member, was, is) => {
    switch (member) {
      case 'properties':
        return eachMember(was, is, (name, ...values) => propertyDifferences(name, ...values));
      case 'required':
        return [
          ...missingFrom(was, is).map((name) => `input ${name} is now required`),
          ...missingFrom(is, was).map((name) => `input ${name} is no longer required`),
        ];
      default:
        return altered(`input schema: ${member}`, was, is);
    }
  });
}

function propertyDifferences(name: string, before: Json | undefined, after: Json | undefined): readonly string[] {
  if (before === undefined || after === undefined) return altered(`input ${name}`, before, after);
  return eachMember(before, after, (member, ...values) => altered(`input ${name}: ${member}`, ...values));
}

/** Returns the names in `others` that are not in `names`. */
function missingFrom(names: Json | undefined, others: Json | undefined): readonly string[] {
  return namesIn(others).filter((name) => !namesIn(names).includes(name));
}

type Compare = (name: string, before: Json | undefined, after: Json | undefined) => readonly string[];

/** Calls `compare` for each member of either object, and returns all results. */
function eachMember(before: Json | undefined, after: Json | undefined, compare: Compare): readonly string[] {
  const [was, is] = [objectIn(before), objectIn(after)];
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names].flatMap((name) => compare(name, memberOf(was, name), memberOf(is, name)));
}

/** Returns an own member only: its name may be that of an inherited one, such as `toString`. */
function memberOf(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function altered(what: string, before: Json | undefined, after: Json | undefined): readonly string[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [`${what} is new`];
  if (after === undefined) return [`${what} is gone`];
  if (canonicalJson(before) === canonicalJson(after)) return [];
  const [was, is] = [wordOf(before), wordOf(after)];
  const isShort = was.length <= LONGEST_VALUE && is.length <= LONGEST_VALUE;
  const isPrinted = !isJsonObject(before) && !isJsonObject(after) && isShort;
  return [isPrinted ? `${what} ${was} -> ${is}` : `${what} changed`];
}

function wordOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function objectIn(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

function namesIn(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((name) => typeof name === 'string') : [];
}
