import { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { MachineEvent } from '../model/journal-event.ts';
import { isJsonObject, notJson, toJson } from '../model/json.ts';
import type { RunResult } from '../run/engine.ts';

/**
 * A copy of an event that a program sends, as the journal can hold it.
 * @throws WfError E_EVENT_INVALID unless it is an object with a `type` that is free for use, and otherwise JSON.
 */
export function parseSentEvent(given: unknown): MachineEvent {
  try {
    requireEvent(given);
    const { type, ...payload } = given;
    const json = toJson(payload);
    return isJsonObject(json) ? { ...json, type } : { type };
  } catch (thrown) {
    if (thrown instanceof WfError) throw thrown;
    // A getter or a proxy of the caller's has thrown, or it is nested too deep to be read.
    throw invalid(`it cannot be read (${thrown instanceof Error ? thrown.message : String(thrown)})`);
  }
}

function requireEvent(given: unknown): asserts given is { readonly type: string } {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid('it is not an object');
  const type: unknown = 'type' in given ? given.type : undefined;
  if (typeof type !== 'string' || type === '') throw invalid('its type is not a text, or is empty');
  if (type === '*') throw invalid('its type is "*", which stands for any type in a machine');
  // XState's own: the end of a step, or of a delay, is the engine's to report.
  if (type.startsWith('xstate.')) throw invalid(`its type ${type} begins with "xstate."`);
  const stray = notJson(given);
  if (stray !== undefined) throw invalid(`${type}${stray}, which JSON cannot hold`);
}

function invalid(problem: string): WfError {
  return new WfError('E_EVENT_INVALID', `the event cannot be sent: ${problem}`, {
    hint: 'Send an object such as { type: "approve", by: "Ann" }: a type of your own, and otherwise JSON values only.',
  });
}

/** The machine has no transition for the event in its state. */
export function eventUnexpected(run: RunId, { type }: MachineEvent, expected: readonly string[]): WfError {
  const now = expected.length === 0 ? 'no event' : expected.join(', ');
  return new WfError('E_EVENT_UNEXPECTED', `run ${run} does not expect the event ${type} now; it expects ${now}`, {
    hint: expected.includes(type)
      ? `A guard of the machine refuses this one: compare its data with what the workflow asks for.`
      : `See where the run is with \`wf show ${run}\`.`,
    details: { run, event: type, expected },
  });
}

/** The machine has come to its end, or the run is being undone. */
export function runTakesNoEvent(run: RunId, why: string): WfError {
  return new WfError('E_RUN_ENDED', `run ${run} ${why}: it takes no event`, {
    hint: `See what came of it with \`wf show ${run}\`.`,
    details: { run },
  });
}

const STOPPED: Readonly<Record<Exclude<RunResult['type'], 'ended'>, string>> = {
  waiting: 'waits',
  hibernating: 'hibernates',
  paused: 'is paused',
  interrupted: 'was interrupted',
};

/** The process does not advance the run any more: an event would have to wait for somebody who resumes it. */
export function runNotAdvanced(run: RunId, { type }: RunResult): WfError {
  if (type === 'ended') return runTakesNoEvent(run, 'has ended');
  return new WfError(
    'E_RUN_NOT_ADVANCED',
    `run ${run} ${STOPPED[type]}: nobody advances it here, and the event was not taken`,
    {
      hint: 'Resume the run, and send the event to what that returns.',
      details: { run },
    },
  );
}
