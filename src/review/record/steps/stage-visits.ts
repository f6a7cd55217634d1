import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import { advancedMs, type IdlePeriod } from '../../timeline/idle-time.ts';

/** The visits to one stage so far. */
export interface StageVisit {
  readonly name: string;
  /** When the machine entered it last, in milliseconds since the epoch. */
  readonly enteredAt: number;
  /** Milliseconds of all visits that have ended, without idle time. */
  readonly durationMs: number;
  readonly active: boolean;
  /** Whether the machine left it because of a failure. */
  readonly leftByFailure: boolean;
}

/** Visits by stage name, in the order of the first entry. */
export type StageVisits = ReadonlyMap<string, StageVisit>;

export const NO_VISITS: StageVisits = new Map();

/** Prefix of XState's events for failed actors. */
const FAILURE_EVENT = 'xstate.error.';

/** Returns the visits after one more journal entry. Only decisions and retries change stages. @param idle idle periods up to that entry */
export function followStages(visits: StageVisits, entry: JournalEntry, idle: readonly IdlePeriod[]): StageVisits {
  if (entry.event.type !== 'decided' && entry.event.type !== 'retried') return visits;
  const { stages } = entry.event;
  const next = new Map(visits);
  for (const visit of visits.values()) {
    if (!visit.active || stages.includes(visit.name)) continue;
    next.set(visit.name, {
      ...visit,
      durationMs: visit.durationMs + advancedMs(visit.enteredAt, entry.at, idle),
      active: false,
      leftByFailure: answersFailure(entry),
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

/** Whether an entry is a decision on a failure. */
export function answersFailure(entry: JournalEntry): boolean {
  return entry.event.type === 'decided' && (entry.event.event?.type.startsWith(FAILURE_EVENT) ?? false);
}
