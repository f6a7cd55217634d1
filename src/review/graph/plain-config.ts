import { isJsonObject, type Json, type JsonObject } from '../../engine/model/json.ts';
import { combinedGuardName, isFunctionText, nameOf } from './function-text.ts';

/**
 * Returns the config of a machine as plain data for XState's `createMachine` and its tools, from the member `config` of a stored
 * definition. Names replace functions; every transition is an object.
 */
export function plainConfig(config: JsonObject): JsonObject {
  const { context, ...root } = config;
  return {
    ...plainState(root),
    context: isJsonObject(context) && !isFunctionText(context) ? withoutFunctions(context) : {},
  };
}

function plainState(state: JsonObject): JsonObject {
  return mapMembers(state, (member, value) => {
    switch (member) {
      case 'states':
        return isJsonObject(value) ? mapMembers(value, (_name, child) => plainState(objectIn(child))) : {};
      case 'initial':
        return isJsonObject(value) ? plainTransition(value) : value;
      case 'on':
      case 'after':
        return mapMembers(objectIn(value), (_trigger, candidates) => plainTransitions(candidates));
      case 'always':
      case 'onDone':
        return plainTransitions(value);
      case 'invoke':
        return listOf(value).map((one) => plainInvoke(objectIn(one)));
      case 'entry':
      case 'exit':
        return plainActions(value);
      default:
        return withoutFunctions(value);
    }
  });
}

function plainInvoke(invoke: JsonObject): JsonObject {
  return mapMembers(invoke, (member, value) => {
    const isTransition = member === 'onDone' || member === 'onError' || member === 'onSnapshot';
    return isTransition ? plainTransitions(value) : withoutFunctions(value);
  });
}

function plainTransitions(candidates: Json): readonly JsonObject[] {
  return listOf(candidates).map((one) => (isJsonObject(one) ? plainTransition(one) : { target: one }));
}

function plainTransition(transition: JsonObject): JsonObject {
  return mapMembers(transition, (member, value) => {
    switch (member) {
      case 'guard':
        return plainGuard(value);
      case 'actions':
        return plainActions(value);
      default:
        return withoutFunctions(value);
    }
  });
}

function plainGuard(guard: Json): Json {
  if (!isJsonObject(guard) || isFunctionText(guard) || combinedGuardName(guard) !== undefined) return nameOf(guard);
  return withoutFunctions(guard);
}

function plainActions(actions: Json): readonly Json[] {
  return listOf(actions).map((action) => {
    if (!isJsonObject(action)) return action;
    const { type, assignment, event } = action;
    switch (type) {
      case 'xstate.assign':
        return isJsonObject(assignment) && !isFunctionText(assignment)
          ? `assign ${Object.keys(assignment).join(', ')}`
          : 'assign';
      case 'xstate.raise':
        return { type, params: withoutFunctions(pick(action, ['event', 'delay', 'id'])) };
      case 'xstate.emit':
        return isJsonObject(event) && typeof event['type'] === 'string' ? `emit ${event['type']}` : 'emit';
      default:
        if (typeof type === 'string' && type.startsWith('xstate.')) return type.replace('xstate.', '');
        return isFunctionText(action) ? nameOf(action) : withoutFunctions(action);
    }
  });
}

/** Returns a value with its functions replaced by names. */
function withoutFunctions(value: Json | undefined): Json {
  if (isFunctionText(value)) return nameOf(value);
  if (Array.isArray(value)) return value.map(withoutFunctions);
  return isJsonObject(value) ? mapMembers(value, (_member, inner) => withoutFunctions(inner)) : (value ?? null);
}

function mapMembers(object: JsonObject, map: (member: string, value: Json) => Json): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([member, value]) => [member, map(member, value)]));
}

function pick(object: JsonObject, members: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([member]) => members.includes(member)));
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [value];
}

function objectIn(value: Json): JsonObject {
  return isJsonObject(value) ? value : {};
}
