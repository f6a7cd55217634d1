import { WfError } from '../../model/errors.ts';
import { itemStepIdOf, type StepId } from '../../model/ids.ts';
import { isJsonList, isJsonObject, type Json, toJson } from '../../model/json.ts';
import type { Each } from '../../workflow/for-each.ts';

/** The items of a `forEach` that the machine waits for. Immutable: each outcome creates a new one, in constant time. */
export interface ItemGroup {
  /** The step of the whole `forEach`. */
  readonly step: StepId;
  readonly concurrency: number;
  readonly items: ReadonlyMap<string, Json>;
  /** The keys of the items, in their order. */
  readonly keys: readonly string[];
  /** How many items have begun, and how many of these have succeeded. */
  readonly begun: number;
  readonly succeeded: number;
  /** The outputs, the latest first. */
  readonly outputs: Outputs | null;
}

interface Outputs {
  readonly key: string;
  readonly output: Json;
  readonly earlier: Outputs | null;
}

/** An item that is to begin. */
export interface DueItem {
  readonly key: string;
  readonly step: StepId;
  readonly input: Json;
}

/** Keys are part of step ids, which people type: no brackets, spaces or quotes. */
const KEY = /^[\w.:@/+=,~%-]{1,128}$/;

/**
 * Returns the group for the input of a `forEach`, before any item begins.
 * @throws WfError E_WORKFLOW_INVALID if its input is not a list of items, or a key is invalid or not unique
 */
export function openGroup(step: StepId, { concurrency, key }: Each, input: unknown): ItemGroup {
  const given = toJson(input);
  const list = isJsonObject(given) ? given['items'] : undefined;
  if (!isJsonList(list) || (isJsonObject(given) && Object.keys(given).length > 1)) {
    throw refused(step, 'its input has other members than a list `items`', 'Return `{ items: [...] }` from its input.');
  }
  const items = new Map<string, Json>();
  for (const [index, item] of list.entries()) {
    const name: unknown = key === undefined ? String(index) : key(item, index);
    if (typeof name !== 'string' || !KEY.test(name)) {
      const rule = 'Return 1 to 128 letters, digits and . : @ / + = , ~ % _ - from `key`.';
      throw refused(step, `the key ${JSON.stringify(name)} of item ${index} cannot be part of a step id`, rule);
    }
    if (items.has(name)) {
      const why = `items ${[...items.keys()].indexOf(name)} and ${index} have the same key ${name}`;
      throw refused(step, why, 'Return another text for each item from `key`, or leave `key` out.');
    }
    items.set(name, item);
  }
  return { step, concurrency, items, keys: [...items.keys()], begun: 0, succeeded: 0, outputs: null };
}

/** Returns the items that begin now, and the group in which they have begun. */
export function beginItems(group: ItemGroup): readonly [ItemGroup, readonly DueItem[]] {
  const room = group.concurrency - (group.begun - group.succeeded);
  const due = group.keys.slice(group.begun, group.begun + room).map((key) => ({
    key,
    step: itemStepIdOf(group.step, key),
    input: group.items.get(key) ?? null,
  }));
  return [due.length === 0 ? group : { ...group, begun: group.begun + due.length }, due];
}

/** Returns the group after the success of an item. */
export function withOutput(group: ItemGroup, key: string, output: Json): ItemGroup {
  return { ...group, succeeded: group.succeeded + 1, outputs: { key, output, earlier: group.outputs } };
}

/** Whether all items have succeeded. */
export function isComplete({ keys, succeeded }: ItemGroup): boolean {
  return succeeded === keys.length;
}

/** Returns the outputs of all items, in their order. */
export function outputsOf({ keys, outputs }: ItemGroup): readonly Json[] {
  const byKey = new Map<string, Json>();
  for (let each = outputs; each !== null; each = each.earlier) byKey.set(each.key, each.output);
  return keys.map((key) => byKey.get(key) ?? null);
}

function refused(step: StepId, why: string, hint: string): WfError {
  return new WfError('E_WORKFLOW_INVALID', `step ${step}, a forEach: ${why}`, { hint });
}
