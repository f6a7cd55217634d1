import type { Decision } from '../../machine/decide/decide.ts';
import { firstDeadline, type MachineState } from '../../machine/decide/machine-state.ts';
import { eventsExpectedIn, questionIn } from '../../machine/outside-events.ts';
import type { Effect, JournalEvent } from '../../model/journal-event.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import type { StoredEvidence } from '../../ports/history.ts';
import type { Sent } from './arrivals.ts';
import type { Due } from './steps-under-way.ts';

/** The result of one turn: the events and evidence of one commit, and what to carry out after it. */
export interface Turn {
  /** The time of its decisions. */
  readonly now: number;
  readonly events: JournalEvent[];
  readonly evidence: StoredEvidence[];
  readonly begin: Due[];
  readonly effects: Effect[];
  /** The events from outside that the machine has taken. */
  readonly sent: Sent[];
}

export function newTurn(now: number): Turn {
  return { now, events: [], evidence: [], effects: [], begin: [], sent: [] };
}

/** Returns the event that journals a decision. @param timer the name of the timer that raised `event` */
export function decidedEvent(
  event: MachineEvent | null,
  { effects, value, children, ended, stages, digest }: Decision,
  timer: string | undefined,
): JournalEvent {
  const inChildren = children === undefined ? {} : { children };
  return {
    type: 'decided',
    event,
    ...(timer === undefined ? {} : { timer }),
    effects,
    value,
    ...inChildren,
    ...(ended === undefined ? {} : { ended }),
    stages,
    digest: digest(),
  };
}

/** Returns the event that journals what a machine waits for. */
export function waitingEvent(state: MachineState | undefined): JournalEvent {
  if (state === undefined) return { type: 'waiting', events: [] };
  const ask = questionIn(state);
  const until = firstDeadline(state);
  return {
    type: 'waiting',
    events: eventsExpectedIn(state),
    ...(ask === undefined ? {} : { ask }),
    ...(until === undefined ? {} : { until }),
  };
}
