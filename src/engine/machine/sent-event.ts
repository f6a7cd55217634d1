import { z } from 'zod';
import { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import { isJsonObject, notJson, toJson } from '../model/json.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import type { RunResult } from '../run/engine.ts';

/**
 * Returns a copy of an event that a program sends, as JSON.
 * @throws WfError E_EVENT_INVALID unless it is an object with a `type` that is not reserved, and otherwise JSON
 */
export function parseSentEvent(given: unknown): MachineEvent {
  try {
    requireEvent(given);
    const { type, ...payload } = given;
    const json = toJson(payload);
    return isJsonObject(json) ? { ...json, type } : { type };
  } catch (thrown) {
    if (thrown instanceof WfError) throw thrown;
    // A getter or a proxy of the caller has thrown, or the event is nested too deep.
    throw invalid(`it cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`);
  }
}

function requireEvent(given: unknown): asserts given is { readonly type: string } {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid('it is not an object');
  const type: unknown = 'type' in given ? given.type : undefined;
  if (typeof type !== 'string' || type === '') throw invalid('its type is not a string, or is empty');
  if (type === '*') throw invalid('its type is "*", which stands for any type in a machine');
  // Reserved by XState: only the engine reports the end of a step or a delay.
  if (type.startsWith('xstate.')) throw invalid(`its type ${type} begins with "xstate."`);
  const stray = notJson(given);
  if (stray !== undefined) throw invalid(`${type}${stray}, which JSON cannot represent`);
}

type EventSchemas = Readonly<Record<string, z.ZodObject>>;

/** Returns the event with its data as the workflow's schema parses it. @throws WfError E_EVENT_INVALID with what the schema refuses */
export function checkedEvent({ type, ...data }: MachineEvent, schemas: EventSchemas | undefined): MachineEvent {
  const schema = schemas?.[type];
  if (schema === undefined) return { ...data, type };
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw invalid(`${type}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
  const json = toJson(parsed.data);
  return isJsonObject(json) ? { ...json, type } : { type };
}

function invalid(problem: string): WfError {
  return new WfError('E_EVENT_INVALID', `the event cannot be sent: ${problem}`, {
    hint: 'Send an object with a type of your own and JSON values, such as { type: "approve", by: "Ann" }.',
  });
}

/** Returns the error for an event for which the machine has no transition in its state. */
export function eventUnexpected(run: RunId, { type }: MachineEvent, expected: readonly string[]): WfError {
  const now = expected.length === 0 ? 'no event' : expected.join(', ');
  return new WfError('E_EVENT_UNEXPECTED', `run ${run} does not expect the event ${type} now; it expects ${now}`, {
    hint: expected.includes(type)
      ? `Compare its data with the guards of the workflow: one of them refuses it.`
      : `Check the state of the run with \`wf show ${run}\`.`,
    details: { run, event: type, expected },
  });
}

/** Returns the error for an event to a run that takes no more events. @param why `has ended` */
export function runTakesNoEvent(run: RunId, why: string): WfError {
  return new WfError('E_RUN_ENDED', `run ${run} ${why}: it takes no event`, {
    hint: `Check its result with \`wf show ${run}\`.`,
    details: { run },
  });
}

const STOPPED: Readonly<Record<Exclude<RunResult['type'], 'ended'>, string>> = {
  waiting: 'waits',
  hibernating: 'hibernates',
  paused: 'is paused',
  unconfirmed: 'is unconfirmed',
  interrupted: 'was interrupted',
};

/** Returns the error for an event to a run that this process does not advance any more. */
export function runNotAdvanced(run: RunId, { type }: RunResult): WfError {
  if (type === 'ended') return runTakesNoEvent(run, 'has ended');
  return new WfError(
    'E_RUN_NOT_ADVANCED',
    `run ${run} ${STOPPED[type]}: this process does not advance it, and the event was not taken`,
    {
      hint: 'Resume the run, then send the event to the resumed run.',
      details: { run },
    },
  );
}
