import type { JournalEntry } from '../model/journal-event.ts';

/** Returns the timers that are set at the end of a journal, with their deadlines (ms since the epoch), in the order of setting. Pure. */
export function pendingTimers(entries: readonly JournalEntry[]): ReadonlyMap<string, number> {
  const pending = new Map<string, number>();
  for (const { event } of entries) {
    if (event.type !== 'decided' && event.type !== 'retried') continue;
    // A retry sets all timers of its state.
    if (event.type === 'retried') pending.clear();
    else if (event.timer !== undefined) pending.delete(event.timer);
    for (const effect of event.effects) {
      if (effect.type === 'set-timer') pending.set(effect.timer, effect.deadline);
      if (effect.type === 'cancel-timer') pending.delete(effect.timer);
    }
  }
  return pending;
}
