import type { JournalEntry } from '../../engine/model/journal-event.ts';

/** A time in which nobody advanced a run, in milliseconds since the epoch. */
export interface IdlePeriod {
  readonly from: number;
  readonly to: number;
}

/** The times in which nobody advanced a run: it was paused or interrupted, until another process took it over. */
export function idlePeriods(journal: readonly JournalEntry[]): readonly IdlePeriod[] {
  return journal.flatMap((entry, index) => idleBefore(entry, journal[index - 1]) ?? []);
}

/** The time that ends with an entry; undefined for most. A run that waits has something to do: the waiting. */
export function idleBefore(entry: JournalEntry, previous: JournalEntry | undefined): IdlePeriod | undefined {
  if (entry.event.type !== 'lease.taken' || previous === undefined || previous.event.type === 'waiting')
    return undefined;
  return { from: previous.at, to: Math.max(previous.at, entry.at) };
}

/** Milliseconds from one moment to another, without those in which nobody advanced the run. */
export function advancedMs(from: number, to: number, idle: readonly IdlePeriod[]): number {
  const overlaps = idle.map((period) => Math.max(0, Math.min(to, period.to) - Math.max(from, period.from)));
  return Math.max(0, elapsedMs(from, to) - overlaps.reduce((sum, overlap) => sum + overlap, 0));
}

/** From one moment to another; 0 where the clock was set back between them. */
export function elapsedMs(from: number, to: number): number {
  return Math.max(0, to - from);
}
