import type { RunId } from '../../engine/model/ids.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import { type HistoryPort, isEnd } from '../../engine/ports/history.ts';
import { runNotFound } from '../../engine/run/run-refusal.ts';
import type { SubscribeOptions } from './workflow-engine.ts';

/** The interval of reads, each by two indexed queries. */
const READ_MS = 100;

/** Yields the journal entries of a run as they arrive, from any process; ends when the run has ended. */
export async function* subscribe(
  history: Pick<HistoryPort, 'run' | 'journal'>,
  id: RunId,
  clock: Clock,
  { fromSeq = 1, signal }: SubscribeOptions = {},
): AsyncIterableIterator<JournalEntry> {
  let last = fromSeq - 1;
  for (;;) {
    signal?.throwIfAborted();
    // Status first, so that the journal read after it is complete.
    const run = history.run(id);
    if (run === undefined) throw runNotFound(id);
    const entries = history.journal(id, last);
    for (const entry of entries) {
      last = entry.seq;
      yield entry;
    }
    if (isEnd(run.status)) return;
    await pause(clock, READ_MS, signal);
  }
}
