import { unconfirmedIn } from '../../engine/confirm/unconfirmed-run.ts';
import { pendingTimers } from '../../engine/machine/pending-timers.ts';
import type { Ask } from '../../engine/model/journal-event.ts';
import { isJsonObject, type Json } from '../../engine/model/json.ts';
import { isoTime } from './iso-time.ts';
import type { RunMaterial } from './run-material.ts';

/** The events and timers one of which lets a waiting run continue. */
export interface WaitingFor {
  readonly events: readonly ExpectedEvent[];
  readonly timers: readonly { readonly name: string; readonly deadline: string }[];
  /** Null unless the run is unconfirmed. */
  readonly confirm: { readonly deadline: string } | null;
  /** The question that the run asks people; absent if it asks none. */
  readonly ask?: Ask;
}

export interface ExpectedEvent {
  readonly type: string;
  /** The JSON schema of the event's data; null if the workflow gives none. */
  readonly data: Json;
}

/** Returns the confirmation that an unconfirmed run waits for. */
export function waitingForConfirmation({ journal }: Pick<RunMaterial, 'journal'>): WaitingFor | null {
  const run = unconfirmedIn(journal);
  return run === undefined ? null : { events: [], timers: [], confirm: { deadline: isoTime(run.deadline.at) } };
}

/** Returns what a waiting run waits for, by the end of its journal. */
export function waitingFor({ journal, eventSchemas }: Pick<RunMaterial, 'journal' | 'eventSchemas'>): WaitingFor {
  const waiting = journal.findLast(({ event }) => event.type === 'waiting')?.event;
  const { events, ask } = waiting?.type === 'waiting' ? waiting : { events: [] };
  const schemaOf = (type: string) => (isJsonObject(eventSchemas) ? (eventSchemas[type] ?? null) : null);
  return {
    events: events.map((type) => ({ type, data: schemaOf(type) })),
    timers: [...pendingTimers(journal)].map(([name, at]) => ({ name, deadline: isoTime(at) })),
    confirm: null,
    ...(ask === undefined ? {} : { ask }),
  };
}
