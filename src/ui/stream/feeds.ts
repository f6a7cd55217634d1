import type { RunId } from '../../engine/model/ids.ts';
import type { Owner } from '../../engine/model/owner.ts';
import type { UiContext } from '../server/ui-context.ts';
import { createRunFeed, type RunFeed, type RunListener } from './run-feed.ts';

/** Passes on what happens in the history to the pages that are open. Reads nothing while none is. */
export interface Feeds {
  followRun(run: RunId, after: number, listener: RunListener): () => void;
  /** Calls `changed` when any run has changed. */
  followRuns(changed: () => void): () => void;
  close(): void;
}

/** A commit of another process is noticed within this time. */
const CHECK_MS = 100;
/** A dead owner commits nothing: it is noticed within this time. */
const ALIVE_MS = 1_000;
/** Lists are read again at most this often. */
const LIST_MS = 500;

export function createFeeds(context: UiContext): Feeds {
  const { clock, isAlive } = context;
  const feeds = new Map<RunId, RunFeed>();
  const lists = new Set<() => void>();
  let version: number | undefined;
  let checkedAllAt = 0;
  let listedAt = 0;
  let isListDue = false;
  /** The processes that hold leases, as of this version; undefined until they are needed. */
  let owners: readonly Owner[] | undefined;
  let living = 0;
  let cancel: (() => void) | undefined;

  async function check(): Promise<void> {
    const history = await context.history();
    if (history === undefined) return;
    const now = clock.now();
    const before = version;
    version = history.dataVersion();
    const isChanged = version !== before;
    if (isChanged) owners = undefined;
    const isAllDue = now - checkedAllAt >= ALIVE_MS;
    if (isAllDue) {
      checkedAllAt = now;
      if (lists.size > 0) {
        owners ??= history.owners();
        const seen = living;
        living = owners.filter(isAlive).length;
        isListDue ||= seen !== living;
      }
    }
    isListDue ||= isChanged;
    if (isListDue && now - listedAt >= LIST_MS) {
      isListDue = false;
      listedAt = now;
      for (const changed of lists) changed();
    }
    // A feed that rests reads its news at a later check.
    for (const feed of feeds.values()) feed.refresh(history);
  }

  function checkLater(): void {
    cancel = clock.after(
      CHECK_MS,
      () => {
        check()
          // A locked or replaced database: the next check tries again.
          .catch(() => {
            version = undefined;
          })
          .finally(() => {
            if (feeds.size + lists.size > 0) checkLater();
            else cancel = undefined;
          });
      },
      true,
    );
  }

  const begin = () => {
    if (cancel === undefined) checkLater();
  };

  return {
    followRun(run, after, listener) {
      const feed = feeds.get(run) ?? createRunFeed(run, context);
      feeds.set(run, feed);
      const remove = feed.add(after, listener);
      begin();
      return () => {
        remove();
        if (feed.isEmpty) feeds.delete(run);
      };
    },
    followRuns(changed) {
      lists.add(changed);
      begin();
      return () => {
        lists.delete(changed);
      };
    },
    close() {
      feeds.clear();
      lists.clear();
      cancel?.();
      cancel = undefined;
    },
  };
}
