import type { JournalEntry } from '../../engine/model/journal-event.ts';

/** A period in which nobody advanced a run, in milliseconds since the epoch. */
export interface IdlePeriod {
  readonly from: number;
  readonly to: number;
}

/** Returns the idle periods of a run: it was paused or interrupted until another process took it over. */
export function idlePeriods(journal: readonly JournalEntry[]): readonly IdlePeriod[] {
  const own = withoutRequests(journal);
  return own.flatMap((entry, index) => idleBefore(entry, own[index - 1]) ?? []);
}

/** Returns the entries of the processes that advanced the run: requests, and refusals of them, may come from any process at any time. */
export function withoutRequests(journal: readonly JournalEntry[]): readonly JournalEntry[] {
  return journal.filter((entry) => !isOfRequest(entry));
}

export function isOfRequest({ event }: JournalEntry): boolean {
  return event.type === 'requested' || event.type === 'answered';
}

/** Returns the idle period that ends with an entry; undefined for most entries. Waiting is not idle. */
export function idleBefore(entry: JournalEntry, previous: JournalEntry | undefined): IdlePeriod | undefined {
  if (entry.event.type !== 'lease.taken' || previous === undefined || previous.event.type === 'waiting')
    return undefined;
  return { from: previous.at, to: Math.max(previous.at, entry.at) };
}

/** Whether the last entry of a run that nobody advances shows that its process was not interrupted. */
export function isCleanStop({ event }: JournalEntry): boolean {
  return ['paused', 'interrupted', 'waiting', 'unconfirmed', 'extended', 'ended'].includes(event.type);
}

/** Returns the milliseconds from one moment to another, without idle periods. */
export function advancedMs(from: number, to: number, idle: readonly IdlePeriod[]): number {
  const overlaps = idle.map((period) => Math.max(0, Math.min(to, period.to) - Math.max(from, period.from)));
  return Math.max(0, elapsedMs(from, to) - overlaps.reduce((sum, overlap) => sum + overlap, 0));
}

/** Returns the milliseconds from one moment to another; 0 if the clock was set back between them. */
export function elapsedMs(from: number, to: number): number {
  return Math.max(0, to - from);
}
