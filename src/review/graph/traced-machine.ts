import { type AnyStateMachine, createMachine, fromPromise, raise } from 'xstate';
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';

/** Name of the action of each transition of a traced machine, with its number. */
export const TAKEN = 'wf.taken';
/** Name of the entry action of each state of a traced machine, with its id. */
export const ENTERED = 'wf.entered';

/** Microsteps after which XState throws, as the machine loops. */
const MOST_MICROSTEPS = 1_000;

const takenSchema = z.object({ type: z.literal(TAKEN), params: z.object({ transition: z.number().int() }) });
const enteredSchema = z.object({ type: z.literal(ENTERED), params: z.object({ state: z.string() }) });

/** Returns the number of the transition that has this action, or undefined. */
export function transitionOf(action: unknown): number | undefined {
  const parsed = takenSchema.safeParse(action);
  return parsed.success ? parsed.data.params.transition : undefined;
}

/** Returns the id of the state that has this entry action, or undefined. */
export function enteredBy(action: unknown): string | undefined {
  const parsed = enteredSchema.safeParse(action);
  return parsed.success ? parsed.data.params.state : undefined;
}

/**
 * Returns a machine for tracing only: the states and transitions of a plain config, with actions that record entered states and taken
 * transitions. @param decideGuard evaluates every guard
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

/** Returns the undelayed raises among actions: their effects belong to the same decision. */
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
