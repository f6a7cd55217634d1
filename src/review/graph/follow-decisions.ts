import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate';
import { z } from 'zod';
import { childAround, childrenAround, groupOf } from '../../engine/model/ids.ts';
import type { JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject, toJson } from '../../engine/model/json.ts';
import type { MachineEvent } from '../../engine/model/machine-event.ts';
import { enteredBy, tracedMachine, transitionOf } from './traced-machine.ts';

/** The path of a run through its machine. */
export interface MachinePath {
  /** Ids of all states that it has entered, with the root and those that it left within the same decision. */
  readonly entered: ReadonlySet<string>;
  /** How often each transition was taken, by its number. */
  readonly taken: ReadonlyMap<number, number>;
  /** The machine's state value after the last decision; null before the first. */
  readonly value: Json;
}

type Decided = Extract<JournalEvent, { type: 'decided' }>;

/** Guesses for one decision: with more than eight guards, only its state value is known. */
const MOST_GUESSES = 256;

/**
 * Returns the path of a run by the decisions in its journal. The journal has the state value after each decision; the transitions in
 * between depend on guards, whose code is not available: this function searches for results that lead to the same value.
 */
export function followDecisions(config: JsonObject, journal: readonly JournalEntry[]): MachinePath {
  const guards = createGuesses();
  const machine = tracedMachine(config, guards.answer);
  const known = new Map<string, Guessed | undefined>();
  const entered = new Set<string>();
  const taken = new Map<number, number>();
  let value: Json = null;
  let snapshot: AnyMachineSnapshot | undefined;
  let children: readonly string[] = [];
  for (const { event: decided } of journal) {
    if (decided.type === 'retried') {
      value = decided.value;
      children = childrenIn(decided);
      snapshot = snapshotAt(machine, value);
    }
    if (decided.type !== 'decided') continue;
    // A machine that loops takes the same path many times.
    const key = canonicalJson([keyOf(snapshot), decided.event?.type ?? null, [...children], decided.value]);
    const found = known.has(key) ? known.get(key) : guess(machine, snapshot, children, decided, guards);
    known.set(key, found);
    for (const action of found?.actions ?? []) {
      const state = enteredBy(action);
      if (state !== undefined) entered.add(state);
      const number = transitionOf(action);
      if (number !== undefined) taken.set(number, (taken.get(number) ?? 0) + 1);
    }
    for (const id of statesIn(decided.value)) entered.add(id);
    value = decided.value;
    children = childrenIn(decided);
    snapshot = found?.snapshot ?? snapshotAt(machine, decided.value);
  }
  return { entered, taken, value };
}

/** Returns the child workflows of the machine itself that are under way after a decision. */
function childrenIn({ children = {} }: Pick<Decided, 'children'>): readonly string[] {
  return Object.keys(children).filter((invoke) => childAround(invoke) === '');
}

/** Returns the ids of all states in a state value, with the root. */
export function statesIn(value: Json): ReadonlySet<string> {
  const below = (inner: Json, path: readonly string[]): readonly string[] => {
    if (typeof inner === 'string') return [[...path, inner].join('.')];
    if (!isJsonObject(inner)) return [];
    return Object.entries(inner).flatMap(([name, deeper]) => {
      const at = [...path, name];
      return [at.join('.'), ...below(deeper, at)];
    });
  };
  return new Set(value === null ? [] : ['', ...below(value, [])]);
}

interface Guesses {
  /** Returns the result of the next guard. */
  answer(): boolean;
  /** Begins the first round of results. */
  first(): void;
  /** Begins the next round; returns false if there is none. */
  next(): boolean;
}

/** Enumerates all results of a sequence of guards: first all false, then the last one true, and so on. */
function createGuesses(): Guesses {
  let answers: boolean[] = [];
  let asked = 0;
  return {
    answer() {
      if (asked === answers.length) answers.push(false);
      return answers[asked++] ?? false;
    },
    first() {
      answers = [];
      asked = 0;
    },
    next() {
      const last = answers.lastIndexOf(false, asked - 1);
      if (asked === 0 || last === -1) return false;
      answers = [...answers.slice(0, last), true];
      asked = 0;
      return true;
    },
  };
}

interface Guessed {
  readonly snapshot: AnyMachineSnapshot;
  readonly actions: readonly unknown[];
}

/** Returns all of a snapshot that decides about the next one: the tracing machine has no context. */
function keyOf(snapshot: AnyMachineSnapshot | undefined): Json {
  if (snapshot === undefined) return null;
  const left = Object.entries(snapshot.historyValue).map(([state, nodes]) => [state, nodes.map(({ id }) => id)]);
  return [toJson(snapshot.value), toJson(left)];
}

function guess(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot | undefined,
  children: readonly string[],
  { event, value }: Decided,
  guards: Guesses,
): Guessed | undefined {
  if (event !== null && before === undefined) return undefined;
  const wanted = canonicalJson(value);
  const isAsBefore = before !== undefined && canonicalJson(toJson(before.value)) === wanted;
  for (const given of isAsBefore ? [event] : outerEvents(event, children)) {
    guards.first();
    for (let tries = 0; tries < MOST_GUESSES; tries++) {
      const found = step(machine, before, given);
      if (found !== undefined && canonicalJson(toJson(found.snapshot.value)) === wanted) return found;
      if (!guards.next()) break;
    }
  }
  return undefined;
}

/**
 * Returns the events one of which the machine may have taken: it knows only the outcome of a whole `forEach`, and of a child workflow its
 * output or its failure. @param children the child workflows that were under way
 */
function outerEvents(event: MachineEvent | null, children: readonly string[]): readonly (MachineEvent | null)[] {
  const endsOf = (child: string) => ['done', 'error'].map((end) => ({ type: `xstate.${end}.actor.${child}` }));
  const [, end, actor] = /^xstate\.(done|error)\.actor\.(.*)$/.exec(event?.type ?? '') ?? [];
  if (actor === undefined) return [event, ...children.flatMap(endsOf)];
  const [child] = childrenAround(actor);
  if (child === undefined) return [{ type: `xstate.${end}.actor.${groupOf(actor) ?? actor}` }];
  return end === 'done' ? endsOf(child) : endsOf(child).toReversed();
}

/** Returns undefined if these results of the guards lead to a loop, or the event does not belong to this machine. */
function step(
  machine: AnyStateMachine,
  before: AnyMachineSnapshot | undefined,
  event: MachineEvent | null,
): Guessed | undefined {
  try {
    const [snapshot, actions] =
      before === undefined || event === null ? initialTransition(machine) : transition(machine, before, event);
    return { snapshot, actions };
  } catch {
    return undefined; // a wrong guess: the next one follows
  }
}

function snapshotAt(machine: AnyStateMachine, value: Json): AnyMachineSnapshot | undefined {
  const parsed = stateValueSchema.safeParse(value);
  if (!parsed.success) return undefined;
  try {
    return machine.resolveState({ value: parsed.data, context: {} });
  } catch {
    return undefined; // the value is of an earlier definition with other states
  }
}

interface StateValue {
  readonly [name: string]: string | StateValue;
}
const stateValueSchema: z.ZodType<string | StateValue> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), stateValueSchema)]),
);
