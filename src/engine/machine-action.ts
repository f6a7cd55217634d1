import { isNumber, isText } from './plain-values.ts';

/** What a pure transition asks its engine to do. */
export type MachineAction =
  | { readonly type: 'xstate.spawnChild'; readonly params: Spawned }
  | { readonly type: 'xstate.stopChild'; readonly params: { readonly id: string } }
  | { readonly type: 'xstate.raise'; readonly params: Raised }
  | { readonly type: 'xstate.cancel'; readonly params: { readonly sendId: string } }
  | { readonly type: 'xstate.log'; readonly params: { readonly value: unknown } }
  | { readonly type: 'xstate.emit'; readonly params: { readonly event: ActionEvent } };

interface Spawned {
  readonly id: string;
  readonly src: string;
  readonly input?: unknown;
}

interface Raised {
  readonly event: ActionEvent;
  readonly id?: string | undefined;
  readonly delay?: number | undefined;
}

interface ActionEvent {
  readonly type: string;
}

/**
 * An action as XState answers with it; its `exec` and `info` are of no interest here. Without a schema: to make one into code takes
 * half as long as the first decision of a process, and here are no values that come from outside.
 * @throws TypeError where it is none of these
 */
export function parseAction(action: unknown): MachineAction {
  const parsed =
    isObject(action) && isObject(action['params']) ? parsedAction(action['type'], action['params']) : undefined;
  if (parsed === undefined) throw new TypeError(`XState asks for an action that wf does not know: ${nameOf(action)}`);
  return parsed;
}

function parsedAction(type: unknown, params: Members): MachineAction | undefined {
  const { id } = params;
  switch (type) {
    case 'xstate.spawnChild': {
      const { src, input } = params;
      return isText(id) && isText(src) ? { type, params: { id, src, input } } : undefined;
    }
    case 'xstate.stopChild':
      return isText(id) ? { type, params: { id } } : undefined;
    case 'xstate.raise': {
      const { event, delay } = params;
      if (!isEvent(event) || !(id === undefined || isText(id))) return undefined;
      return delay === undefined || isNumber(delay) ? { type, params: { event, id, delay } } : undefined;
    }
    case 'xstate.cancel': {
      const { sendId } = params;
      return isText(sendId) ? { type, params: { sendId } } : undefined;
    }
    case 'xstate.log':
      return { type, params: { value: params['value'] } };
    case 'xstate.emit': {
      const { event } = params;
      return isEvent(event) ? { type, params: { event } } : undefined;
    }
    default:
      return undefined;
  }
}

function nameOf(action: unknown): string {
  return isObject(action) ? String(action['type']) : String(action);
}

type Members = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null;
}

function isEvent(value: unknown): value is ActionEvent {
  return isObject(value) && isText(value['type']);
}
