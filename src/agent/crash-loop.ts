import type { JournalEntry, JournalEvent } from '../engine/model/journal-event.ts';

/** Takeovers without progress that may follow each other at once: a machine may restart twice in a row. */
const AT_ONCE = 3;
const FIRST_MS = 2_000;
const LONGEST_MS = 5 * 60_000;

/** Events that a process journals before it has accomplished anything. */
const NO_PROGRESS: readonly JournalEvent['type'][] = [
  'lease.taken',
  'host.made',
  'step.attempted',
  'requested',
  'armed',
];

/**
 * Returns the earliest moment at which an agent takes over a run again, in milliseconds since the epoch. Without a delay, a run whose
 * code ends the process of its agent would end one agent after the other.
 * @param entries its journal
 */
export function earliestTakeover(entries: readonly JournalEntry[]): number {
  const last = entries.findLastIndex(({ event }) => !NO_PROGRESS.includes(event.type));
  const takeovers = entries.slice(last + 1).filter(({ event }) => event.type === 'lease.taken' && event.by === 'agent');
  const latest = takeovers.at(-1);
  if (latest === undefined || takeovers.length < AT_ONCE) return 0;
  return latest.at + Math.min(LONGEST_MS, FIRST_MS * 2 ** (takeovers.length - AT_ONCE));
}
