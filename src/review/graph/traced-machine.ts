import { type AnyStateMachine, createMachine, fromPromise, raise } from 'xstate';
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';

/** Each transition of a traced machine has one action of this name, with its number. */
export const TAKEN = 'wf.taken';
/** Each state of a traced machine has one entry action of this name, with its id. */
export const ENTERED = 'wf.entered';

/** A machine that has not come to rest by then goes round in circles: XState throws. */
const MOST_MICROSTEPS = 1_000;

const takenSchema = z.object({ type: z.literal(TAKEN), params: z.object({ transition: z.number().int() }) });
const enteredSchema = z.object({ type: z.literal(ENTERED), params: z.object({ state: z.string() }) });

/** The number of the transition that this action belongs to, or undefined. */
export function transitionOf(action: unknown): number | undefined {
  const parsed = takenSchema.safeParse(action);
  return parsed.success ? parsed.data.params.transition : undefined;
}

/** The id of the state that this action says was entered, or undefined. */
export function enteredBy(action: unknown): string | undefined {
  const parsed = enteredSchema.safeParse(action);
  return parsed.success ? parsed.data.params.state : undefined;
}

/**
 * A machine that is not to be run: the states and transitions of a plain config, whose actions only tell which states were
 * entered and which transitions were taken. `decideGuard` is asked for every guard.
 */
export function tracedMachine(config: JsonObject, decideGuard: () => boolean): AnyStateMachine {
  let transitions = 0;
  const guards = new Set<string>();
  const actors = new Set<string>();

  const tracedTransition = (value: Json) => {
    const { target, guard, reenter, actions } = objectIn(value);
    const guardName = isJsonObject(guard) ? guard['type'] : guard;
    if (typeof guardName === 'string') guards.add(guardName);
    const traced = { type: TAKEN, params: { transition: transitions++ } };
    return defined({ target, guard, reenter, actions: [traced, ...raisesIn(actions)] });
  };
  const tracedTransitions = (value: Json) => (Array.isArray(value) ? value : [value]).map(tracedTransition);
  const tracedMembers = (value: Json | undefined, trace: (name: string, member: Json) => unknown) =>
    isJsonObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, trace(name, member)]))
      : undefined;

  const tracedInvoke = (value: Json) => {
    const { id, src, ...rest } = objectIn(value);
    if (typeof src === 'string') actors.add(src);
    const { onDone, onError, onSnapshot } = rest;
    return defined({
      id,
      src,
      onDone: onDone === undefined ? undefined : tracedTransitions(onDone),
      onError: onError === undefined ? undefined : tracedTransitions(onError),
      onSnapshot: onSnapshot === undefined ? undefined : tracedTransitions(onSnapshot),
    });
  };
  const tracedState = (state: JsonObject, path: readonly string[]): Record<string, unknown> => {
    const { id, type, initial, history, target, tags, description, invoke, on, after, always, onDone } = state;
    return defined({
      id,
      type,
      initial: isJsonObject(initial) ? initial['target'] : initial,
      history,
      target,
      tags,
      description,
      entry: [{ type: ENTERED, params: { state: path.join('.') } }, ...raisesIn(state['entry'])],
      exit: raisesIn(state['exit']),
      invoke: Array.isArray(invoke) ? invoke.map(tracedInvoke) : undefined,
      on: tracedMembers(on, (_event, candidates) => tracedTransitions(candidates)),
      after: tracedMembers(after, (_delay, candidates) => tracedTransitions(candidates)),
      always: always === undefined ? undefined : tracedTransitions(always),
      onDone: onDone === undefined ? undefined : tracedTransitions(onDone),
      states: tracedMembers(state['states'], (name, child) => tracedState(objectIn(child), [...path, name])),
    });
  };

  const options = { maxIterations: MOST_MICROSTEPS };
  const machine = createMachine(machineConfigSchema.parse({ ...tracedState(config, []), context: {}, options }));
  return machine.provide({
    actions: { [TAKEN]: () => {}, [ENTERED]: () => {} },
    guards: Object.fromEntries([...guards].map((name) => [name, decideGuard])),
    actors: Object.fromEntries([...actors].map((name) => [name, neverStarted])),
  });
}

const neverStarted = fromPromise(async () => null);

type MachineConfig = Parameters<typeof createMachine>[0];
const machineConfigSchema = z.custom<MachineConfig>((value) => typeof value === 'object' && value !== null);

/** Events that a machine raises to itself at once: what they do belongs to the same decision. */
function raisesIn(actions: Json | undefined) {
  return (Array.isArray(actions) ? actions : []).flatMap((action) => {
    const parsed = raiseSchema.safeParse(action);
    return parsed.success ? [raise(parsed.data.params.event)] : [];
  });
}

const raiseSchema = z.object({
  type: z.literal('xstate.raise'),
  params: z.strictObject({ event: z.looseObject({ type: z.string() }), id: z.string().optional() }),
});

function objectIn(value: Json): JsonObject {
  return isJsonObject(value) ? value : {};
}

function defined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
