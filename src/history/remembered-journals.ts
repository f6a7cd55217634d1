import type { RunId } from '../engine/model/ids.ts';
import type { JournalEntry } from '../engine/model/journal-event.ts';
import type { HistoryReader } from './reader.ts';

/** Number of cached entries of all journals: those of a long run take 30 MiB. */
const MOST_ENTRIES = 50_000;

/**
 * Returns a reader for a long-lived process: it caches the journals that were read last, and reads only their new entries. Entries never
 * change; the reader detects the journal of another run with the same id.
 */
export function rememberJournals(reader: HistoryReader): HistoryReader {
  const kept = new Map<RunId, readonly JournalEntry[]>();

  function whole(id: RunId): readonly JournalEntry[] {
    const known = kept.get(id) ?? [];
    kept.delete(id);
    const last = known.at(-1);
    const [same, ...newEntries] = last === undefined ? [] : reader.journal(id, last.seq - 1);
    const isSame = last !== undefined && same?.at === last.at && same.event.type === last.event.type;
    const entries = !isSame ? reader.journal(id) : newEntries.length === 0 ? known : [...known, ...newEntries];
    if (entries.length > 0) kept.set(id, entries);
    return entries;
  }

  function forgetOldest(): void {
    let count = [...kept.values()].reduce((sum, { length }) => sum + length, 0);
    for (const [id, { length }] of kept) {
      if (count <= MOST_ENTRIES) return;
      kept.delete(id);
      count -= length;
    }
  }

  return {
    ...reader,
    journal(id, after = 0, limit) {
      // To return a part, it is not worth reading the whole journal.
      if (limit !== undefined && !kept.has(id)) return reader.journal(id, after, limit);
      const entries = whole(id);
      forgetOldest();
      const rest = after === 0 ? entries : entries.filter(({ seq }) => seq > after);
      return limit === undefined ? rest : rest.slice(0, limit);
    },
  };
}
