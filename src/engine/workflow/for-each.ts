import type { PromiseActorLogic } from 'xstate';
import type { Json } from '../model/json.ts';
import { type StepActor, stepLogic } from './define-step.ts';
import type { StepRunner } from './step.ts';

/** The most items that may be under way at once. */
const MOST_AT_ONCE = 100;

/** How a `forEach` carries out its items. */
export interface Each<Item = Json> {
  /** How many items are under way at once. */
  readonly concurrency: number;
  /** Returns the name of an item in its step id; its index if absent. */
  key?(item: Item, index: number): string;
}

/** A step runner for a list of inputs, as a value for XState's `setup({ actors })`. Its output lists the outputs in item order. */
export type EachActor<Input, Output> = PromiseActorLogic<Output[], { readonly items: readonly Input[] }> & {
  readonly runner: StepRunner;
  readonly each: Each<Input>;
};

/**
 * Lets one state carry out a step for each item of a list that only the run knows. Each item is a step with its own id (`writeFiles[0]`),
 * attempts, evidence and changes; the items begin in their order. The first item that fails fails the whole: items under way are
 * stopped, and no other begins.
 * @param key names the items in step ids by a property of theirs, for lists whose order means nothing; unique in the list
 */
export function forEach<Input, Output>(
  { runner, host }: StepActor<Input, Output>,
  { concurrency = 1, key }: Partial<Each<Input>> = {},
): EachActor<Input, Output> {
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MOST_AT_ONCE) {
    throw new TypeError(`forEach: the concurrency ${concurrency} is not a whole number from 1 to ${MOST_AT_ONCE}`);
  }
  return Object.assign(stepLogic<Output[], { readonly items: readonly Input[] }>(runner, host), {
    each: { concurrency, ...(key === undefined ? {} : { key }) },
  });
}

/** Returns how an actor logic carries out its items; undefined if it is no `forEach`. */
export function eachOf(logic: unknown): Each | undefined {
  return isEachActor(logic) ? logic.each : undefined;
}

function isEachActor(logic: unknown): logic is { readonly each: Each } {
  return typeof logic === 'object' && logic !== null && 'each' in logic;
}
