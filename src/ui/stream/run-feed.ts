import type { RunId } from '../../engine/model/ids.ts';
import type { HistoryReader } from '../../history/reader.ts';
import { type RunMaterial, readRunMaterial } from '../../review/record/run-material.ts';
import { runStatus } from '../../review/record/run-status.ts';
import type { UiContext } from '../server/ui-context.ts';
import { type RunUpdate, runUpdate } from '../views/runs/run-view.ts';

/** Sends the updates of one run to all pages that show it. */
export interface RunFeed {
  /** Reads the run, and sends what has changed. */
  refresh(history: HistoryReader): void;
  /** @param after the last entry of the journal that the follower has seen */
  add(after: number, listener: RunListener): () => void;
  readonly isEmpty: boolean;
}

/** A page that shows a run. */
export interface RunListener {
  update(update: RunUpdate): void;
  /** The run is not in the history: it was pruned. */
  gone(): void;
}

interface Follower {
  after: number;
  /** Whether it knows that the process of the run is gone. */
  isInterrupted: boolean;
  readonly listener: RunListener;
}

/** The pause after a reading, in durations of the reading: a long run is read less often. */
const REST_PER_READ = 4;

export function createRunFeed(id: RunId, context: Pick<UiContext, 'clock' | 'isAlive' | 'pidNamespace'>): RunFeed {
  const { clock, isAlive } = context;
  const followers = new Set<Follower>();
  let seen = '';
  let readAgainAt = 0;

  function read(history: HistoryReader): void {
    const run = history.run(id);
    if (run === undefined) {
      for (const { listener } of followers) listener.gone();
      followers.clear();
      return;
    }
    // The history of a server caches journals, and reads only new entries.
    const journal = history.journal(id);
    const last = journal.at(-1)?.seq ?? 0;
    const evidence = history.evidenceCount(id);
    const status = runStatus(run, isAlive);
    const isInterrupted = status === 'interrupted';
    const state = `${status} ${evidence} ${run.changesInPlace} ${last}`;
    const isNews = state !== seen;
    const due = [...followers].filter(({ after }) => isNews || after < last);
    if (due.length > 0) sendUpdates(history, due, readRunMaterial(history, run, journal), isInterrupted);
    // Set last: after an error, the state is still new at the next check.
    seen = state;
  }

  function sendUpdates(
    history: HistoryReader,
    due: readonly Follower[],
    material: RunMaterial,
    isInterrupted: boolean,
  ): void {
    const last = material.journal.at(-1)?.seq ?? 0;
    const updates = new Map<number, RunUpdate>();
    for (const follower of due) {
      // An unknown position comes from another database. A process that is gone has journaled nothing about the end of its steps.
      const isAll = follower.after > last || (isInterrupted && !follower.isInterrupted);
      const after = isAll ? 0 : follower.after;
      const update = updates.get(after) ?? runUpdate(history, material, context, clock.now(), after);
      updates.set(after, update);
      follower.after = update.seq;
      follower.isInterrupted = isInterrupted;
      follower.listener.update(update);
    }
  }

  return {
    refresh(history) {
      const begun = clock.now();
      if (begun < readAgainAt) return;
      history.atOneMoment(() => read(history));
      readAgainAt = clock.now() + REST_PER_READ * (clock.now() - begun);
    },
    add(after, listener) {
      const follower = { after, isInterrupted: false, listener };
      followers.add(follower);
      seen = '';
      return () => {
        followers.delete(follower);
      };
    },
    get isEmpty() {
      return followers.size === 0;
    },
  };
}
