import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { advancedMs, type IdlePeriod } from '../timeline/idle-time.ts';

/** What the journal says of one stage so far. */
export interface StageVisit {
  readonly name: string;
  /** When the machine entered it last, in milliseconds since the epoch. */
  readonly enteredAt: number;
  /** Milliseconds spent in it at all visits that are over, without those in which nobody advanced the run. */
  readonly durationMs: number;
  readonly active: boolean;
  /** Whether the outcome that made the machine leave it was a failure. */
  readonly leftByFailure: boolean;
}

/** Stages by name, in the order in which the machine entered them first. */
export type StageVisits = ReadonlyMap<string, StageVisit>;

export const NO_VISITS: StageVisits = new Map();

/** XState's name for the event that tells a machine of a failed actor. */
const FAILURE_EVENT = 'xstate.error.';

/** The visits after one more journal entry; `idle` is known up to it. Only decisions move a run from stage to stage. */
export function followStages(visits: StageVisits, entry: JournalEntry, idle: readonly IdlePeriod[]): StageVisits {
  if (entry.event.type !== 'decided') return visits;
  const { stages, event } = entry.event;
  const next = new Map(visits);
  for (const visit of visits.values()) {
    if (!visit.active || stages.includes(visit.name)) continue;
    next.set(visit.name, {
      ...visit,
      durationMs: visit.durationMs + advancedMs(visit.enteredAt, entry.at, idle),
      active: false,
      leftByFailure: event?.type.startsWith(FAILURE_EVENT) ?? false,
    });
  }
  for (const name of stages) {
    const earlier = visits.get(name);
    if (earlier?.active) continue;
    const durationMs = earlier?.durationMs ?? 0;
    next.set(name, { name, enteredAt: entry.at, durationMs, active: true, leftByFailure: false });
  }
  return next;
}

/** Whether an entry is a decision that answered a failure. */
export function answersFailure(entry: JournalEntry): boolean {
  return entry.event.type === 'decided' && (entry.event.event?.type.startsWith(FAILURE_EVENT) ?? false);
}
