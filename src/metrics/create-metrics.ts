import { setImmediate as turn } from 'node:timers/promises';
import { Histogram, Registry } from 'prom-client';
import type { Owner } from '../engine/model/identity/owner.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { History } from '../history/history.ts';
import type { JournalTail } from '../history/journal-tail.ts';
import type { OpenCounts } from '../history/open-counts.ts';
import { createJournalCounters } from './journal-counters.ts';
import { createOpenGauges } from './open-gauges.ts';

/** Interval at which new entries are counted. A check that finds none takes some microseconds. */
const COUNT_MS = 1_000;

/** Entries that are counted at a time, in about 10 ms: nothing else happens in the process meanwhile. */
const PAGE = 500;

/** In seconds: a commit takes 0.1 ms on a fast disk; a writer waits at most 5 s for others. */
const COMMIT_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];

export interface MetricsDependencies {
  /** A read-only history commits nothing. */
  readonly history: JournalTail & OpenCounts & Partial<Pick<History, 'timeCommits'>>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  isAlive(owner: Owner): boolean;
}

/** The metrics of a process, for Prometheus. */
export interface Metrics {
  readonly contentType: string;
  /**
   * Returns all metrics in the text format 0.0.4: gauges of the current state, and counts of the entries that all processes have committed
   * to the history since `createMetrics`. @throws WfError E_DATABASE*
   */
  text(): Promise<string>;
  /** Stops counting. */
  close(): void;
}

/** Begins to count. Counts in the background until `close`, so that a late call of `text` has little left to read. */
export function createMetrics({ history, clock, isAlive }: MetricsDependencies): Metrics {
  const registry = new Registry();
  const readGauges = createOpenGauges(registry, history, isAlive);
  const count = createJournalCounters(registry);
  const commits = new Histogram({
    name: 'wf_commit_duration_seconds',
    help: 'Duration of the commits of this process to the history, including waits for other writers and the disk',
    buckets: COMMIT_BUCKETS,
    registers: [registry],
  });
  history.timeCommits?.(() => commits.startTimer());
  let position = history.lastPosition();
  let cancelNext = () => {};
  let isClosed = false;

  /** Counts the next entries. Returns whether more follow. */
  function countPage(): boolean {
    const last = history.lastPosition();
    // `last` is below the position if the newest runs were pruned. Entries that reused their numbers before this check are not counted.
    const until = Math.min(last, position + PAGE);
    for (const entry of history.countedEntries(position, until)) count(entry);
    position = until;
    return until < last;
  }

  async function catchUp(): Promise<void> {
    while (countPage()) await turn();
  }

  async function keepUp(): Promise<void> {
    try {
      await catchUp();
    } catch {
      // The next call of `text` meets the same error, and reports it.
    }
    if (!isClosed) cancelNext = clock.after(COUNT_MS, () => void keepUp(), true);
  }

  void keepUp();
  return {
    contentType: registry.contentType,
    async text() {
      await catchUp();
      readGauges(clock.now());
      return registry.metrics();
    },
    close() {
      isClosed = true;
      cancelNext();
    },
  };
}
