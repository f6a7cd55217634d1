import { asStepId } from '../engine/ids.ts';
import type { Effect, JournalEvent, MachineEvent } from '../engine/journal-event.ts';
import { isJsonObject, type Json, type JsonObject } from '../engine/json.ts';
import type { Owner } from '../engine/owner.ts';
import { isNumber, isText, isTextOrNull } from '../engine/plain-values.ts';

/**
 * The event of a journal row where it is of one of the types that most rows are of, and all that the schema asks of it is plain to
 * see; equal to what the schema would make of it. Undefined where that is for the schema to say: nothing is refused here. Of a
 * journal that is read to go on with its run, the schema alone took more time than all that was done with it.
 */
export function frequentEvent(type: string, members: JsonObject): JournalEvent | undefined {
  switch (type) {
    case 'decided':
      return decided(members);
    case 'step.attempted': {
      const { step, attempt } = members;
      if (!isText(step) || !isNumber(attempt) || !hasOnly(2, members)) return undefined;
      return { type, step: asStepId(step), attempt };
    }
    case 'step.succeeded': {
      const { step, attempt, output } = members;
      if (!isText(step) || !isNumber(attempt) || output === undefined || !hasOnly(3, members)) return undefined;
      return { type, step: asStepId(step), attempt, output };
    }
    case 'lease.taken':
      return leaseTaken(members);
    case 'ended': {
      const { status, output } = members;
      // One that failed has an error, and one that proved something tells of it.
      if (status !== 'succeeded' || output === undefined || !hasOnly(2, members)) return undefined;
      return { type, status, output };
    }
    default:
      return undefined;
  }
}

function decided(members: JsonObject): JournalEvent | undefined {
  const { event, effects, value, stages, digest } = members;
  if (event !== null && !isMachineEvent(event)) return undefined;
  if (!isList(effects) || value === undefined || !isTexts(stages) || !isText(digest)) return undefined;
  if (!hasOnly(5, members)) return undefined;
  const due: Effect[] = [];
  for (const given of effects) {
    const effect = startStep(given);
    if (effect === undefined) return undefined;
    due.push(effect);
  }
  return { type: 'decided', event, effects: due, value, stages, digest };
}

function startStep(given: Json): Effect | undefined {
  if (!isJsonObject(given)) return undefined;
  const { type, step, invoke, stage, actor, kind, input } = given;
  if (type !== 'start-step' || !isText(step) || !isText(invoke) || !isText(stage)) return undefined;
  if (!isText(actor) || !isText(kind) || input === undefined || !hasOnly(7, given)) return undefined;
  return { type, step: asStepId(step), invoke, stage, actor, kind, input };
}

function leaseTaken(members: JsonObject): JournalEvent | undefined {
  const { purpose, pauseAfter } = members;
  const owner = ownerIn(members['owner']);
  if (purpose !== 'start' && purpose !== 'resume' && purpose !== 'rollback') return undefined;
  if (owner === undefined || !isTextOrNull(pauseAfter) || !hasOnly(3, members)) return undefined;
  return { type: 'lease.taken', purpose, owner, pauseAfter };
}

function ownerIn(given: Json | undefined): Owner | undefined {
  if (!isJsonObject(given)) return undefined;
  const { pid, startTime, bootId, pidNamespace } = given;
  if (!isNumber(pid) || !isText(startTime) || !isText(bootId)) return undefined;
  if (pidNamespace === undefined) return hasOnly(3, given) ? { pid, startTime, bootId } : undefined;
  if (!isText(pidNamespace) || !hasOnly(4, given)) return undefined;
  return { pid, startTime, bootId, pidNamespace };
}

/** Of so many members, each of which was seen to be there: a member more is one that this version does not know. */
function hasOnly(count: number, members: JsonObject): boolean {
  return Object.keys(members).length === count;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isTexts(value: Json | undefined): value is readonly string[] {
  return isList(value) && value.every(isText);
}

function isMachineEvent(value: Json | undefined): value is MachineEvent {
  return isJsonObject(value) && isText(value['type']);
}
