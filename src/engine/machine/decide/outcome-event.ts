import type { Json } from '../../model/json.ts';
import type { MachineEvent } from '../../model/machine-event.ts';

/** Returns the id of the actor whose outcome this event is, or undefined. */
export function outcomeActor(event: MachineEvent): string | undefined {
  const isOutcome = event.type.startsWith('xstate.done.actor.') || event.type.startsWith('xstate.error.actor.');
  return isOutcome && typeof event['actorId'] === 'string' ? event['actorId'] : undefined;
}

/** Returns the event that reports a step's success to its machine. */
export function stepDone(actor: string, output: Json): MachineEvent {
  return { type: `xstate.done.actor.${actor}`, output, actorId: actor };
}

/** Returns the event that reports a step's failure to its machine. */
export function stepError(actor: string, error: Json): MachineEvent {
  return { type: `xstate.error.actor.${actor}`, error, actorId: actor };
}
